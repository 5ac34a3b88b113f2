# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2154
# Sourced by .ci/unpack-check: what gzip can write, and odd files.

mkdir "$work/gzip" && pushd "$work/gzip" >/dev/null
gzip -9c ../a >a.gz
gzip -c ../empty >empty.gz
cat a.gz empty.gz a.gz >members.gz
{ cat members.gz && head -c 1000 /dev/zero; } >padded.gz
{ cat members.gz && echo trailing; } >trailing.gz
{ cat a.gz && printf x; } >lone.gz
head -c 50000 a.gz >truncated.gz
{ head -c 5000 a.gz && printf '\377\0\377' && tail -c +5004 a.gz; } >damaged.gz
for file in *.gz; do same "$file" "${SPLITS[@]}"; done
same ../empty ""
popd >/dev/null
echo "gzip: members, padding, trailing bytes, damage: as gzip -dc (${SECONDS}s)"
