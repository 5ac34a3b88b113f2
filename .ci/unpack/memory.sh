# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: memory that does not grow with the file.

head -c 1G /dev/zero | gzip -1 >"$work/zeros.gz"
head -c 1G /dev/zero | zstd -qc -1 --long=23 >"$work/zeros.zst"
# Streams longer than the dictionary. After a filter, bytes are final only when they are out of its reach.
for filter in "" --x86; do
    # shellcheck disable=SC2086
    head -c 64M /dev/zero | xz -c --check=crc32 $filter --lzma2=preset=0,dict=8MiB >"$work/stream.xz"
    for _ in {1..16}; do cat "$work/stream.xz"; done >"$work/zeros$filter.xz"
done
head -c 1G /dev/zero | xz -c -T2 --check=crc32 --block-size=8MiB --lzma2=preset=0,dict=1MiB >"$work/blocks.xz"
# The MiB that may be resident: for zstd its window of 8 and 16, for the others 16 with theirs; for two
# threads four blocks of 8, and as much again, which the allocator may keep for each thread.
for limits in "zeros.gz 16" "zeros.xz 16" "zeros--x86.xz 16" "zeros.zst 24" "blocks.xz 96 --threads=2"; do
    read -r file limit options <<<"$limits"
    # shellcheck disable=SC2086
    python3 - "$limit" "$unpack" "$work/$file" $options <<'PY'
import re, subprocess, sys
with subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE) as child:
    total = peak = 0
    while piece := child.stdout.read(1 << 20):
        total += len(piece)
        assert piece.count(0) == len(piece)
        if total == (1 << 30) - (16 << 20):
            status = open(f"/proc/{child.pid}/status").read()
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
assert child.returncode == 0 and total == 1 << 30, (child.returncode, total)
name = " ".join([sys.argv[3].split("/")[-1], *sys.argv[4:]])
print(f"1 GiB of zeros, {name}: {peak} KiB resident at most")
assert 0 < peak < int(sys.argv[1]) << 10
PY
done
