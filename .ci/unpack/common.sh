# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: the comparisons.

# Ways to split input and output.
SPLITS=("" "--retain" "--page-size 64 --pages 1" "--page-size 64K" "--input-chunk 1"
    "--input-chunk 7 --retain" "--pages 1" "--threads 3" "-T 2 --input-chunk 7")

# Dictionary for .zst files, if any.
dictionary=
# Where zstd accepts more than the format allows: 1.5.4 does not see that a sequences stream ended too early
# (1.5.7 does); none sees bits left over in one of four Huffman streams, or a wrong content size before an
# empty last block; all accept trees of 12 bits, and copies from further back than the window. 1.5.4 does not
# look at the reserved bits of a sequences header either.
STRICTER='zstd: (invalid (sequences (header|stream)|literals stream|Huffman tree)|content size mismatch)'
STRICTER+='|distance reaches past the window'
stricter=0

reference() {
    case $1 in
    *.xz | *.lzma) xz -dc ;;
    *.zst) zstd -dcq ${dictionary:+-D "$dictionary"} ;;
    *) gzip -dc ;;
    esac <"$1"
}

# same FILE [OPTIONS]...: the same bytes and, unless the reference only warns, the same verdict.
same() {
    local expected=0 status options
    reference "$1" >"$work/expected" 2>/dev/null || expected=$?
    # A warning is status 2. gzip's warning of trailing bytes is one here too, with status 0.
    [ "$expected" -eq 2 ] && expected=0
    for options in "${@:2}"; do
        status=0
        # shellcheck disable=SC2086
        "$unpack" $options ${dictionary:+--dictionary "$dictionary"} "$1" \
            >"$work/out" 2>"$work/err" || status=$?
        if [[ $1 == *.zst && $expected$status == 01 && $(cat "$work/err") =~ $STRICTER ]]; then
            stricter=$((stricter + 1))
            continue
        fi
        [ "$status" -eq "$expected" ] ||
            { echo "$options $1: exit $status, not $expected"; cat "$work/err"; exit 1; }
        if [ "$status" -eq 0 ]; then
            cmp "$work/out" "$work/expected" || { echo "$options $1"; exit 1; }
        else
            [ "$(wc -l <"$work/err")" -eq 1 ] ||
                { echo "$options $1: not one line on stderr"; exit 1; }
        fi
    done
}

refused() { # [OPTIONS of unpack]... FILE: no output, and one line that says why
    if "$unpack" "$@" >"$work/out" 2>"$work/err" || [ -s "$work/out" ] ||
        [ "$(wc -l <"$work/err")" -ne 1 ]; then
        echo "not refused as it should be: $*"
        exit 1
    fi
}

# alike FILE: with threads it ends as it does without: the same bytes, the same line, the same status.
alike() {
    local threads status
    for threads in 1 2; do
        status=0
        "$unpack" --threads $threads "$1" >"$work/out$threads" 2>"$work/err$threads" || status=$?
        echo $status >>"$work/err$threads"
    done
    cmp "$work/out1" "$work/out2" && cmp "$work/err1" "$work/err2" || { echo "$1"; exit 1; }
}

plain() {
    case $1 in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *) cat "$1" ;;
    esac
}

gives() { # FILE ARCHIVE
    "$unpack" "$2" | cmp - "$1" || { echo "$2"; exit 1; }
}
