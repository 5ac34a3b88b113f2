# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check after xz.sh: odd files.

# Damage at each byte, unknown checks, and files whose last match meets a page's end.
mkdir "$work/xz/odd" && pushd "$work/xz/odd" >/dev/null
python3 - <<'PY'
import lzma, struct, subprocess, zlib

def write(name, data):
    open(name, "wb").write(data)

def flags(stream, check):
    """`stream`, of one block, with another check ID."""
    field = bytes([0, check])
    head = stream[:6] + field + struct.pack("<I", zlib.crc32(field))
    back = stream[-8:-4] + field
    return head + stream[12:-12] + struct.pack("<I", zlib.crc32(back)) + back + b"YZ"

def known(data):
    """A .lzma file of known size without an end marker: its data are an LZMA2 chunk's."""
    chunk = lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 0}])
    size = struct.unpack(">H", chunk[3:5])[0] + 1
    assert chunk[0] >= 0xe0 and len(chunk) == 6 + size + 1
    return chunk[5:6] + struct.pack("<IQ", 1 << 18, len(data)) + chunk[6:-1]

text = b"".join(b"%d bottles of beer on the wall, " % n for n in range(12)) + b"\xe8\1\2\0\0" * 9
xz = lambda data, check=lzma.CHECK_CRC32, **more: lzma.compress(data, check=check, **more)
x86 = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}]
whole = {
    "plain.xz": xz(text, lzma.CHECK_CRC64),
    "x86.xz": xz(text, lzma.CHECK_SHA256, filters=x86),
    "none.xz": xz(text, lzma.CHECK_NONE),
    "empty.xz": xz(b""),
    "blocks.xz": subprocess.run(["xz", "-c", "--block-size=150", "-T1"], input=text,
                                stdout=subprocess.PIPE, check=True).stdout,
    "two.xz": xz(text[:99]) + bytes(4) + xz(text[99:], filters=x86) + bytes(8),
    "marker.lzma": lzma.compress(text, lzma.FORMAT_ALONE),
    "known.lzma": known(text),
}
alone = whole["marker.lzma"]
whole["both.lzma"] = alone[:5] + struct.pack("<Q", len(text)) + alone[13:]
for name, data in whole.items():
    write(name, data)
    for at in range(len(data)):
        write(f"cut-{at}-{name}", data[:at])
        write(f"damaged-{at}-{name}", data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:])
    tails = [b"x", b"\0x", bytes(4) + b"x", *map(bytes, range(1, 6)), data[:1], data[:9],
             data, b"x" + data, bytes(3) + data, bytes(4) + data]
    for number, tail in enumerate(tails):
        write(f"tail-{number}-{name}", data + tail)
        write(f"head-{number}-{name}", tail + data)
# Wrong records in an Index whose CRC32 is right.
blocks = whole["blocks.xz"]
start = len(blocks) - 12 - 4 * (struct.unpack("<I", blocks[-8:-4])[0] + 1)
for at in range(start, len(blocks) - 16):
    for flip in 1, 4, 0x80:
        index = bytearray(blocks[start:-16])
        index[at - start] ^= flip
        crc = struct.pack("<I", zlib.crc32(index))
        write(f"lying-{at}-{flip}-blocks.xz", blocks[:start] + index + crc + blocks[-12:])
# Unknown checks in place of a known one of the same size.
for known_check, unknown in (1, (2, 3)), (4, (5, 6)), (10, (11, 12)):
    for check in unknown:
        write(f"{check}.future", flags(xz(text, known_check), check))
for size in list(range(4050, 4120)) + list(range(120, 140)) + [4400, 65536 + 10]:
    data = (b"123" + bytes(size))[:size]
    write(f"{size}.xz", xz(data, lzma.CHECK_NONE))
    write(f"{size}.lzma", lzma.compress(data, lzma.FORMAT_ALONE))
    write(f"known-{size}.lzma", known(data))
PY
for file in [0-9]*.xz [0-9]*.lzma known-*.lzma; do
    same "$file" "--pages 1" "--page-size 64 --pages 1"
done
for file in *-*.xz *-*.lzma; do same "$file" ""; done
for file in *-{blocks,two}.xz; do alike "$file"; done
for file in {plain,x86,none,empty,blocks,two}.xz {marker,known,both}.lzma; do same "$file" "${SPLITS[@]}"; done
xz -dc plain.xz >text
for file in *.future; do
    refused "$file"
    "$unpack" --ignore-unknown-check "$file" | cmp - text
    "$unpack" --ignore-unknown-check --info "$file" | grep -q 'check *unknown, not verified'
done
echo "xz: cut and damaged at each byte, padding, trailing bytes: as xz -dc" \
    "($(ls | wc -l) files, ${SECONDS}s)"
popd >/dev/null
