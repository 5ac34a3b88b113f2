# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: the files below the directory that was named, or this machine's libraries.

count=0 bytes=0 gzips=0 xzs=0 zsts=0
if [ $# -gt 0 ]; then
    find "$1" -type f \( -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst' \) | sort >"$work/list"
else
    find /usr/lib /lib -name '*.so*' -type f -size -2000k 2>/dev/null | sort | sed -n 1,100p >"$work/list"
fi
while read -r file; do
    plain "$file" >"$work/file"
    case $file in
    *.xz) gives "$work/file" "$file" && xzs=$((xzs + 1)) ;;
    *.zst) gives "$work/file" "$file" && zsts=$((zsts + 1)) ;;
    *.so*)
        # A sample of the slower files is enough.
        if [ $((count % 10)) -eq 0 ]; then
            xz -c --x86 --lzma2=preset=$((count / 10 % 7)) "$work/file" >"$work/file.xz"
            gives "$work/file" "$work/file.xz" && xzs=$((xzs + 1))
        fi
        if [ $((count % 3)) -eq 0 ]; then
            zstd -qc -$((count / 3 % 19 + 1)) "$work/file" >"$work/file.zst"
            gives "$work/file" "$work/file.zst" && zsts=$((zsts + 1))
        fi
        ;;
    esac
    # Of the files that are compressed, every 20th.
    if [[ $file != *.xz && $file != *.zst ]] || [ $((count % 20)) -eq 0 ]; then
        gzip -n -9 -c "$work/file" >"$work/file.gz"
        gives "$work/file" "$work/file.gz" && gzips=$((gzips + 1))
    fi
    count=$((count + 1)) bytes=$((bytes + $(wc -c <"$work/file")))
done <"$work/list"
[ "$count" -gt 0 ]
echo "$count files, $bytes bytes, as $xzs .xz, $zsts .zst and $gzips .gz: exactly the original bytes" \
    "(${SECONDS}s)"
