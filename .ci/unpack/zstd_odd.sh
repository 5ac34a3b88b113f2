# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check after zstd.sh: odd files.

# Damage at each byte.
mkdir "$work/zstd/odd" && pushd "$work/zstd/odd" >/dev/null
cp ../trained .
python3 - <<'PY'
import random, subprocess

random.seed(1)
text = b"".join(b"%d bottles of beer on the wall, " % n for n in range(12)) + b"\xe8\1\2\0\0" * 9
few = bytes(random.choice(b"aaaabbbcd") for _ in range(300))

def zstd(data, *options):
    command = ["zstd", "-qc", *options]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout

skippable = b"\x50\x2a\x4d\x18\4\0\0\0skip"
size = ["--stream-size=%d" % len(text)]
whole = {
    "plain": zstd(text),
    # Without a checksum, the parts have to show damage.
    "unchecked": zstd(text, "-19", "--no-check"),
    "sized": zstd(text, "--no-check", *size),
    "few": zstd(few, "-9", "--no-check"),
    "raw": zstd(bytes(range(50)), "--no-check"),
    "runs": zstd(bytes(1000), "--no-check"),
    "empty": zstd(b""),
    "frames": zstd(b"abcd" * 9) + skippable + zstd(b"efg"),
    "trained": zstd(text, "-D", "trained"),
}
for name, data in whole.items():
    open(f"{name}.zst", "wb").write(data)
    for at in range(len(data)):
        open(f"cut-{at}-{name}.zst", "wb").write(data[:at])
        damaged = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:]
        open(f"damaged-{at}-{name}.zst", "wb").write(damaged)
    tails = [b"x", bytes(1), bytes(4), data[:3], data[:9], skippable, skippable[:7], skippable[:-1],
             data, b"x" + data, bytes(4) + data]
    for number, tail in enumerate(tails):
        open(f"tail-{number}-{name}.zst", "wb").write(data + tail)
        open(f"head-{number}-{name}.zst", "wb").write(tail + data)
PY
for file in *-*.zst; do
    dictionary=
    case $file in *-trained.zst) dictionary=trained ;; esac
    same "$file" ""
done
for file in {plain,unchecked,sized,few,raw,runs,empty,frames}.zst; do same "$file" "${SPLITS[@]}"; done
dictionary=trained
same trained.zst "${SPLITS[@]}"
dictionary=
[ "$stricter" -lt 10 ]
echo "zstd: cut and damaged at each byte, trailing bytes: as zstd -dc, or stricter ($stricter)" \
    "($(ls | wc -l) files, ${SECONDS}s)"
popd >/dev/null
