# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: other crates' decoders, on what they can decode.

dictionary=
refused --engine oracle "$work/gzip/a.gz"
grep -q 'feature `oracle`' "$work/err"
cargo build --quiet --release -p unpack --features oracle
for file in "$work"/gzip/*.gz "$work"/xz/{{1..6},{8..18}}.xz "$work"/zstd/{[1-9]*,frames,between}.zst; do
    same "$file" "--engine oracle" "--engine oracle --input-chunk 777 --retain" \
        "--engine oracle --page-size 64 --pages 1"
done
for file in "$work"/xz/*.lzma; do same "$file" "--engine oracle" "--engine oracle --retain"; done
xz -c --x86 --lzma2 <"$work/a" >"$work/x86.xz"
refused --engine oracle "$work/x86.xz"
printf '\037' | refused --engine oracle
status=0
"$unpack" --engine oracle --dictionary "$work/a" "$work/zstd/1.zst" 2>"$work/err" || status=$?
[ $status -eq 2 ]
grep -q 'native engine only' "$work/err"
echo "the oracle engine: as gzip -dc, xz -dc and zstd -dc (${SECONDS}s)"
