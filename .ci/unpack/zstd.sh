# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: what zstd can write, dictionaries and windows.

mkdir "$work/zstd" && pushd "$work/zstd" >/dev/null
cp ../xz/b .
number=0
pack() { # OPTIONS of zstd; the file they make of b
    number=$((number + 1))
    zstd -qc "$@" >"$number.zst"
}
for level in 1 3 5 7 9 12 15 17 19; do pack -$level <b; done
pack --ultra -22 <b
for level in 1 5 100; do pack --fast=$level <b; done
# With the content's size in the header, and without; windows from 1 KiB, with blocks as small, to
# 128 MiB; small blocks; literals as they are.
for options in "" --no-check --no-content-size "-19 --no-check" "--no-check --no-content-size"; do
    # shellcheck disable=SC2086
    pack $options b
done
for log in 10 11 14 17 27; do pack --zstd=wlog=$log <b; done
pack --long=27 <b
pack -9 --target-compressed-block-size=1500 <b
pack -5 --no-compress-literals <b
pack -1 --compress-literals <../xz/opcodes
pack <../empty
head -c 200000 /dev/zero | pack
head -c 200000 /dev/urandom | pack
# Several frames, and skippable ones between.
printf '\x53\x2a\x4d\x18\5\0\0\0skip!\x50\x2a\x4d\x18\0\0\0\0' >skippable.zst
cat 1.zst 14.zst 9.zst >frames.zst
cat skippable.zst 1.zst skippable.zst 14.zst skippable.zst >between.zst
for file in *.zst; do same "$file" "${SPLITS[@]}"; done
# A dictionary in zstd's format, and one of any bytes.
zstd -q --train b -B512 --maxdict=4K -o trained
tail -c 70000 b >raw
head -c 30000 b >part
for dictionary in trained raw; do
    for level in -1 -3 -9 -19 --fast; do zstd -qc $level -D $dictionary part >"$dictionary$level.zst"; done
    cat $dictionary-1.zst 1.zst $dictionary-19.zst >"$dictionary-frames.zst"
    for file in "$dictionary"*.zst 1.zst; do same "$file" "${SPLITS[@]}"; done
done
# The wrong dictionary, and none.
for dictionary in raw ""; do same trained-3.zst ""; done
same raw-3.zst ""
{ head -c 70000 b && echo changed && tail -c +70000 b; } >new
zstd -qc --patch-from=b new >patch.zst 2>/dev/null
"$unpack" --dictionary b patch.zst | cmp - new
head -c 100 trained >bad
printf 1234567 >few
for file in bad few missing; do
    refused --dictionary $file 1.zst
    grep -q "^unpack: $file: " "$work/err"
done
status=0
"$unpack" --format xz --dictionary raw 1.zst 2>"$work/err" || status=$?
[ $status -eq 2 ]
grep -q 'zstd only' "$work/err"
# Windows that are refused by default.
zstd -qc --long=28 <b >large.zst
same large.zst ""
refused large.zst
"$unpack" --window-limit 256M large.zst | cmp - b
refused --window-limit 1K 1.zst
grep -q window-limit "$work/err"
"$unpack" --info frames.zst >info
grep -q 'members *3$' info
grep -q 'check *XXH64, verified (last member)$' info
encoded=$(cat ./*.zst | wc -c)
echo "zstd: levels, windows, checksums, sizes, frames, dictionaries: as zstd -dc" \
    "($(ls -- *.zst | wc -l) files, $encoded bytes, ${SECONDS}s)"
popd >/dev/null
