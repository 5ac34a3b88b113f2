# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: a Debian system with a kernel's tools and source, kernels built in it,
# and virtual machines that boot them. Everything made is kept in KERNEL_DIR, by default target/kernel.
# KERNEL_SOURCE may name another kernel's source tree than Debian stable's. What is made of it is kept in a
# directory of its version.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
top=$(realpath "$here/../..")
shared=$(realpath -m "${KERNEL_DIR:-$top/target/kernel}")
. "$top/.ci/debian"

# tree_version TREE: as `make kernelversion` says it.
tree_version() {
    awk -F ' *= *' '
        $1 ~ /^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)$/ { part[$1] = $2 }
        $1 == "NAME" { print part["VERSION"] "." part["PATCHLEVEL"] "." part["SUBLEVEL"] part["EXTRAVERSION"]; exit }
    ' "$1/Makefile"
}

cache=$shared
[ -z "${KERNEL_SOURCE:-}" ] || cache=$shared/$(tree_version "$KERNEL_SOURCE")
mkdir -p "$cache/build" "$cache/work"

# none PATTERN [FILE]: fails where a line matches, and shows it.
none() {
    if grep -E "$@" >&2; then return 1; fi
}

# need PROGRAM:PACKAGE...: installs on the host what is not there.
need() {
    local packages=() pair
    for pair; do command -v "${pair%:*}" >/dev/null || packages+=("${pair#*:}"); done
    [ ${#packages[@]} -eq 0 ] ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends "${packages[@]}"; } >&2
}

# Debian stable's toolchain, Rust's and its library's source among it, and the tree `linux`: its kernel's source, or
# a copy of KERNEL_SOURCE, which has to be as `make mrproper` leaves it.
system() {
    local root=$shared/trixie version=6.12
    if [ ! -e "$root/made" ]; then
        debian_make "$root" trixie amd64 "gcc,make,bc,bison,flex,libelf-dev,libssl-dev,rustc,rust-src,\
bindgen,xz-utils,zstd,bzip2,kmod,cpio,python3,perl,libc6-dev,zlib1g-dev,liblzma-dev,libzstd-dev,rsync,linux-source-$version"
    fi
    if [ -n "${KERNEL_SOURCE:-}" ]; then
        need rsync:rsync
        step "source of Linux $(tree_version "$KERNEL_SOURCE"): $KERNEL_SOURCE"
        rsync -a --delete --exclude=/.git "$KERNEL_SOURCE/" "$cache/linux/"
    elif [ ! -e "$cache/linux/Makefile" ]; then
        step "source of Linux $version"
        mkdir -p "$cache/linux"
        tar -xf "$root/usr/src/linux-source-$version.tar.xz" -C "$cache/linux" --strip-components=1
    fi
}

# Debian's own kernel for this host: sets `version`, and `image`, where its package is unpacked. Its headers are
# installed. It is the cloud kernel, which is small, of Linux 6.12 or later; the archive drops old versions,
# so the one that the meta package names.
distribution() {
    local flavour
    apt-cache show linux-headers-cloud-amd64 >/dev/null 2>&1 || apt-get update -q >&2
    for flavour in 6.12-cloud-amd64 cloud-amd64; do
        version=$(apt-cache depends "linux-headers-$flavour" 2>/dev/null |
            sed -n 's/.*Depends: linux-headers-\([0-9].*\)/\1/p' | head -n 1)
        [ -z "$version" ] || break
    done
    [ -n "$version" ] || { echo "the archive has no cloud kernel" >&2; return 1; }
    image=$shared/stock/$version
    if [ ! -e "$image/made" ]; then
        step "Debian's kernel $version and its headers"
        apt-get install -y -q --no-install-recommends "linux-headers-$version" >&2
        mkdir -p "$image"
        (cd "$image" && apt-get download -q "linux-image-$version" && dpkg-deb -x ./*.deb . && rm ./*.deb)
        touch "$image/made"
    fi
}

# inside TREE COMMAND: there, with the crate in /pagewise and a kernel's source in /linux.
inside() {
    debian_run "$shared/trixie" "export KBUILD_BUILD_TIMESTAMP=2026-01-01 KBUILD_BUILD_USER=pagewise
        export KBUILD_BUILD_HOST=pagewise; cd /linux; $2" \
        "$top:/pagewise" "$cache/$1:/linux" "$cache/build:/build" "$cache/work:/work"
}

# import FILE TREE/PLACE: a file of ours, as old as it is, with parentheses that the kernel's parser of licences needs.
import() {
    mkdir -p "$(dirname "$cache/$2")"
    sed '1s/MIT OR Apache-2.0 OR GPL-2.0-only/MIT OR (Apache-2.0 OR GPL-2.0-only)/' "$1" >"$cache/$2"
    touch -r "$1" "$cache/$2"
}

# rustc's options for the library in a kernel.
features=(--cfg 'feature="capi"' --cfg 'feature="gzip"' --cfg 'feature="xz"' --cfg 'feature="zstd"')

# library TREE: puts the library where the kernel has other people's crates: the files that rustc reads, and the header.
library() {
    local file
    (cd "$top" && rustc --edition 2021 --crate-type rlib --crate-name pagewise "${features[@]}" \
        --emit dep-info="$cache/work/sources" src/lib.rs)
    sed -n 's/^src\/\(.*\.rs\):$/\1/p' "$cache/work/sources" | while read -r file; do
        import "$top/src/$file" "$1/rust/pagewise/$file"
    done
    import "$top/src/pagewise.h" "$1/include/linux/pagewise.h"
    cp "$here/series/README.crate.md" "$cache/$1/rust/pagewise/README.md"
}

# change TREE NAME [OPTION]...: makes the changes series/NAME.diff there.
change() {
    GIT_CEILING_DIRECTORIES=$cache git -C "$cache/$1" apply "${@:3}" "$here/series/$2.diff"
}

# patched: makes the tree `patched`, which is `linux` with this library, for CONFIG_MODULE_DECOMPRESS_PAGEWISE. It is
# made of links to the same files but for those that change, so that little is built again.
patched() {
    local old
    old=$here/loader/linux-$(tree_version "$cache/linux" | cut -d . -f 1,2).patch
    rm -rf "$cache/patched"
    cp -al "$cache/linux" "$cache/patched"
    library patched
    import "$here/series/decompress_pagewise.c" patched/kernel/module/decompress_pagewise.c
    if [ -e "$old" ]; then
        # What the series changes that is the same there, and the rest as that kernel has it.
        change patched read --include='kernel/module/[di]*'
        change patched module --include='kernel/module/[Mdi]*' --include='Documentation/*'
        patch --quiet --strip 1 --directory "$cache/patched" <"$old"
    else
        change patched crate
        change patched read
        change patched ima
        change patched module
    fi
}

# kernel TREE BUILD OPTION...: builds the kernel and its modules in build/BUILD, configured by
# kernel.config, by that of its version, and by the options, and fails if one of them is not taken.
kernel() {
    local tree=$1 build=$2 configs=("$here/kernel.config") own
    shift 2
    own=$here/kernel-$(tree_version "$cache/$tree" | cut -d . -f 1,2).config
    [ ! -e "$own" ] || configs+=("$own")
    mkdir -p "$cache/build/$build"
    { cat "${configs[@]}"; printf '%s\n' "$@"; } >"$cache/build/$build/asked"
    inside "$tree" "make O=/build/$build -s rustavailable
        KCONFIG_ALLCONFIG=/build/$build/asked make O=/build/$build -s allnoconfig
        grep -E '^CONFIG_|^# CONFIG_' /build/$build/asked | while read -r line; do
            grep -qxF \"\$line\" /build/$build/.config || { echo \"not taken: \$line\"; exit 1; }
        done
        make O=/build/$build -s -j$(nproc) bzImage modules"
}

# machines KERNEL: sets the arguments of virtual machines, `plain` and `measuring`. They are the hardware's, where
# it can run that kernel. Where not they are emulated, and the second counts: each instruction takes a
# nanosecond.
machines() {
    local kvm="-accel kvm -cpu host" tcg="-accel tcg -cpu max"
    if [ ! -e "$shared/machine" ]; then
        if [ -w /dev/kvm ] && SECONDS_TO_BOOT=10 boot "$kvm" "$1" "$cache/work/kvm.log" true 2>/dev/null; then
            echo "$kvm" >"$shared/machine"
        else
            echo "no virtual machines of the hardware's here: they are emulated" >&2
            echo "$tcg" >"$shared/machine"
        fi
    fi
    plain=$(cat "$shared/machine")
    measuring=$plain
    [ "$plain" = "$kvm" ] || measuring="$tcg -icount shift=0,sleep=off"
}

# archive DIRECTORY FILE: makes an initramfs of the directory, which goes away.
archive() {
    (cd "$1" && find . | cpio --quiet -o -H newc) >"$2"
    rm -r "$1"
}

# boot MACHINE KERNEL LOG COMMANDS FILE=PLACE...: boots with the files in an initramfs, and with APPEND on the
# kernel's command line, runs the commands, and powers off. The console is the log. Fails if a command does, or the kernel complains.
boot() {
    local machine=$1 kernel=$2 log=$3 commands=$4 root place pair
    shift 4
    root=$(mktemp -d)
    mkdir -p "$root"/{bin,proc,sys,dev,tmp}
    cp /bin/busybox "$root/bin/"
    for pair; do
        place=$root/${pair#*=}
        mkdir -p "$(dirname "$place")"
        cp -rL "${pair%%=*}" "$place"
    done
    cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
dmesg -n 7
(set -eu; . /commands) && echo "all commands: good" || echo "all commands: FAILED"
reboot -f
INIT
    chmod +x "$root/init"
    printf '%s\n' "$commands" >"$root/commands"
    archive "$root" "$root.cpio"
    # shellcheck disable=SC2086
    timeout "${SECONDS_TO_BOOT:-600}" qemu-system-x86_64 $machine -m "${MEMORY:-1024}" -nodefaults -no-user-config \
        -display none -serial "file:$log" -no-reboot -kernel "$kernel" -initrd "$root.cpio" \
        -append "console=ttyS0 panic=-1 oops=panic quiet ${APPEND:-}" </dev/null || echo "qemu: exit $?" >&2
    rm "$root.cpio"
    none 'BUG:|Oops|WARNING:|Kernel panic|all commands: FAILED' "$log" &&
        grep -q '^all commands: good' "$log"
}

# no_foreign_code LISTING: no vector or x87 register, and no red zone, in which an address may be calculated, but
# not used.
no_foreign_code() {
    grep -vw lea "$1" | none '%[xyz]?mm[0-9]|%st\b|[ ,]-0x[0-9a-f]+\(%rsp\)'
}

# kernel_object DIRECTORY [CHECKOUT [FEATURE]]: builds the crate, this one or another checkout of it, with its
# C ABI under a kernel's flags into pagewise.o there, as kbuild takes it, by whatever rustc there is.
kernel_object() {
    local checkout=${2:-$top}
    # No vector registers, no red zone, no jump that the mitigations forbid, no entry that IBT refuses, no
    # relocation that the module loader does not know. That rustc may refuse some of it one day for this
    # target is what it warns of.
    RUSTC_BOOTSTRAP=1 rustc --edition 2021 --crate-type rlib --crate-name pagewise --emit obj \
        "${features[@]}" ${3:+--cfg "feature=\"$3\""} -C opt-level=3 -C panic=abort -C codegen-units=1 -C embed-bitcode=no \
        -C overflow-checks=on -C code-model=kernel -C relocation-model=static -C no-redzone=yes \
        -C force-unwind-tables=no \
        -C target-feature=-sse,-sse2,+harden-sls-ijmp,+harden-sls-ret -C jump-tables=no \
        -Z function-return=thunk-extern -Z cf-protection=branch -Z function-sections=yes \
        -Z plt=yes -Z direct-access-external-data=yes -o "$1/whole.o" "$checkout/src/lib.rs" \
        2>"$1/rustc.log" || { cat "$1/rustc.log" >&2; return 1; }
    # What nobody calls is dropped, as a kernel's link drops it, and then the names that it used.
    local names used unused undefined
    names=$(nm --defined-only "$1/whole.o" | sed -n 's/.* T \(pagewise_\)/-u \1/p')
    # shellcheck disable=SC2086
    ld -r --gc-sections $names -o "$1/pagewise.o" "$1/whole.o"
    used=$(objdump -r "$1/pagewise.o" | awk '{sub(/[-+]0x[0-9a-f]+$/, "", $3); print $3}' | sort -u)
    unused=$(nm -u "$1/pagewise.o" | awk '{print $2}' | grep -vxF "$used" | sed 's/^/-N /')
    # shellcheck disable=SC2086
    objcopy -R .eh_frame -R .comment $unused "$1/pagewise.o"
    # Kbuild asks how it was made.
    echo "savedcmd_$1/pagewise.o := true" >"$1/.pagewise.o.cmd"

    undefined=$(nm -u "$1/pagewise.o" | awk '{print $2}' |
        grep -vxE 'memcpy|memmove|memset|memcmp|__x86_return_thunk' || true)
    [ -z "$undefined" ] || { echo "undefined: $undefined" >&2; return 1; }
    objdump -d --no-show-raw-insn "$1/pagewise.o" >"$1/code"
    no_foreign_code "$1/code"
    readelf -rW "$1/pagewise.o" | awk '/R_X86_64/ {print $3 "."}' |
        sed -E '/^R_X86_64_(64|32|32S|PC32|PLT32|PC64)\.$/d' | none R_X86_64
}

# The libraries in /usr that kmod has, and those that it loads for compressed modules.
kmod_libraries=(lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/lib{c.so.6,crypto.so.3,lzma.so.5,zstd.so.1,z.so.1})

# kmod_from_source [PATCH]...: builds kmod from Debian's source and the patches, configured as Debian's package, and with
# zlib, which that leaves out. Sets `kmod`: a directory with usr/bin/kmod and libkmod.so.2, to be copied over a system, and
# with its source and build tree in `source` and `source/build`.
kmod_from_source() {
    local parts part
    kmod=$cache/build/kmod-$(cat -- /dev/null "$@" | sha256sum | cut -c 1-8)
    [ ! -e "$kmod/made" ] || return 0
    step "kmod from source"
    rm -rf "$kmod"
    mkdir -p "$kmod/source"
    # The archive's signed index names the files and their checksums, so the .dsc is not needed.
    # shellcheck disable=SC2016
    parts=$(inside linux 'exec 3>&1 >&2
        sed "s/^deb /deb-src /" /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
        apt-get update -q
        apt-get install -y -q --no-install-recommends meson ninja-build pkgconf patch
        cd /build/'"${kmod##*/}"'
        apt-get source -q --print-uris kmod | tr -d "\047" | while read -r address file _ checksum; do
            [[ $file == *.tar.* ]] || continue
            /usr/lib/apt/apt-helper download-file "$address" "$file" "$checksum"
            echo "$file" >&3
        done')
    for part in $parts; do
        case $part in
        *.orig.*) tar -xf "$kmod/$part" -C "$kmod/source" --strip-components=1 ;;
        *.debian.*) tar -xf "$kmod/$part" -C "$kmod/source" ;;
        esac
    done
    sed '/^#/d; s,^,debian/patches/,' "$kmod/source/debian/patches/series" | (cd "$kmod/source" && xargs cat) |
        cat - "$@" | patch --quiet --strip 1 --directory "$kmod/source"
    inside linux "cd /build/${kmod##*/}/source
        meson setup build --prefix=/usr --libdir=lib/x86_64-linux-gnu --sysconfdir=/etc --buildtype=plain \
            --wrap-mode=nodownload -D c_args='-g -O2' -D openssl=enabled -D dlopen=all -D zlib=enabled \
            -D xz=enabled -D zstd=enabled -D manpages=false -D docs=false
        DESTDIR=/build/${kmod##*/} meson install -C build --quiet" >&2
    touch "$kmod/made"
}

# processor: what this runs on.
processor() {
    awk -F ': ' '
        FNR == NR { if (!/^#/) table[++rows] = $0; next }
        $1 ~ /^(vendor_id|cpu family|model|model name)\t*$/ { sub(/\t*$/, "", $1); if (!($1 in cpu)) cpu[$1] = $2 }
        END {
            known = "microarchitecture unknown"
            for (row = 1; row <= rows; row++) {
                split(table[row], field, " +")
                if (field[1] == cpu["vendor_id"] && field[2] == cpu["cpu family"] &&
                    field[3] + 0 <= cpu["model"] + 0 && cpu["model"] + 0 <= field[4] + 0) {
                    known = table[row]
                    sub(/^[^ ]+ +[0-9]+ +[0-9]+ +[0-9]+ +/, "", known)
                }
            }
            printf "%s, family %s, model %s: %s\n", cpu["model name"], cpu["cpu family"], cpu["model"], known
        }' "$top/benches/processors" /proc/cpuinfo
}

# compress FILE [XZ_OPTION]...: beside it, as a kernel's makefiles compress modules.
compress() {
    gzip -n -9 -k -f "$1"
    xz --check=crc32 --lzma2=dict=1MiB "${@:2}" -k -f "$1"
    zstd -q -19 -f "$1" -o "$1.zst"
}

# compress_all DIRECTORY...: all modules in there, on all processors.
compress_all() {
    export -f compress
    # shellcheck disable=SC2016
    find "$@" -name '*.ko' -print0 |
        xargs -0 -n 8 -P "$(nproc)" bash -euc 'for file; do compress "$file"; done' _
}
