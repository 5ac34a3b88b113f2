# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
"""Writes decompress_kunit_samples.h: what decompress_kunit.c decompresses, as people's tools make it."""

import subprocess
import sys

# As sample_byte() has it.
CONTENT = bytes(ord("a") + (i // 16) * (i // 512) % 17 for i in range(20000))
SAMPLES = {
    "gzip": "gzip -n -9",
    "xz": "xz",
    "xz_x86": "xz --check=crc32 --x86 --lzma2=dict=1MiB",
    "zstd": "zstd -q -19 -c",
}


def main():
    print("/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */")
    for name, command in SAMPLES.items():
        data = subprocess.run(command.split(), input=CONTENT, stdout=subprocess.PIPE, check=True).stdout
        print(f"\n/* {command} */\nstatic const u8 sample_{name}[] = {{")
        for at in range(0, len(data), 12):
            print("\t" + " ".join(f"0x{byte:02x}," for byte in data[at : at + 12]))
        print("};")


sys.exit(main())
