/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */
/* Decoders of a whole file into pages that have room for more: this library, and the kernel's
 * own as kernel/module/decompress.c calls them. Each allocates what it needs and frees it. */
#ifndef PEERS_H
#define PEERS_H

#include "pagewise.h"

struct decoding {
	long written;		/* bytes of output; negative: an errno */
	size_t memory;		/* bytes that the decoder asked for, beside the pages */
};

typedef struct decoding decoder_fn(const unsigned char *input, size_t length,
				   struct pagewise_page *pages, size_t count);

decoder_fn pagewise_file, kernel_gzip, kernel_xz, kernel_zstd;

#endif
