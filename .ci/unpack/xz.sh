# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: what xz can write.

# Code of this machine, and bytes with opcodes of others.
mkdir "$work/xz" && pushd "$work/xz" >/dev/null
python3 - <<'PY' >opcodes
import random, sys
random.seed(1)
# What calls and branches of all the filters' machines start or end with, and displacements.
often = bytes.fromhex("e8 e9 0f 8f eb 48 01 94 97 90 b0 f0 f8 40 7f 10 11 12 16 50 00 00 00 ff ff")
sys.stdout.buffer.write(bytes(
    random.choice(often) if random.random() < .8 else random.randrange(256) for _ in range(60000)))
PY
{ head -c 100000 "$work/a" && cat opcodes; } >b
number=0
encode() { # OPTIONS of xz; the file they make of b
    number=$((number + 1))
    xz -c "$@" <b >"$number.xz"
}
for preset in 0 6 9e; do encode -$preset; done
for check in none crc32 crc64 sha256; do encode -0 --check=$check; done
for bits in lc=0,lp=0,pb=0 lc=4,lp=0,pb=4 lc=0,lp=4,pb=0 lc=2,lp=2,pb=1 lc=1,lp=3,pb=3; do
    encode --lzma2=preset=1,$bits
done
for size in 4KiB 6KiB 32KiB 96KiB 1MiB 64MiB; do encode --lzma2=preset=1,dict=$size; done
for filter in x86 powerpc ia64 arm armthumb arm64 sparc; do
    encode --$filter --lzma2=preset=1
    encode --$filter=start=4096 --lzma2=preset=1,dict=4KiB
    encode --$filter --delta=dist=4 --$filter=start=65536 --lzma2=preset=1,dict=16KiB
done
for distance in 1 3 256; do encode --delta=dist=$distance --lzma2=preset=0,dict=4KiB; done
encode --x86 --arm --ia64 --lzma2=preset=0,dict=4KiB
encode --delta --delta=dist=2 --arm64 --lzma2=preset=0
# With sizes in the block headers, and without.
encode -0 --block-size=7000 -T2
encode -0 --block-size=7000 -T1 --check=sha256
encode --x86 --lzma2=dict=4KiB --block-size=3333
# Several streams, with padding.
cat 1.xz 5.xz >$((number + 1)).xz
{ cat 1.xz && head -c 4 /dev/zero && cat 5.xz && head -c 4000 /dev/zero; } >$((number + 2)).xz
for size in "" ,dict=4KiB; do xz --format=lzma -c --lzma1=preset=1$size <b >"lzma$size.lzma"; done
for file in *.xz *.lzma; do same "$file" "${SPLITS[@]}"; done
encoded=$(cat ./*.xz ./*.lzma | wc -c)
echo "xz: presets, properties, dictionaries, filters, checks, blocks, streams, .lzma: as xz -dc" \
    "($(ls -- *.xz *.lzma | wc -l) files, $encoded bytes, ${SECONDS}s)"
popd >/dev/null
