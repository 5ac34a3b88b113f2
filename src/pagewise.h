/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */
/*
 * pagewise: gzip, xz and zstd decompression into pages that the caller owns.
 *
 * The pages are also the history that the formats copy from, so that a decoder needs no memory but
 * its own, whose size is known beforehand. Nothing is allocated, and no call but these is made.
 *
 *	struct pagewise *decoder = kvmalloc(pagewise_size(PAGEWISE_ANY), GFP_KERNEL);
 *
 *	pagewise_init(decoder, pagewise_size(PAGEWISE_ANY), PAGEWISE_ANY);
 *	while ((result = pagewise_decode(decoder, input, length, pages, count, &progress))
 *	       == PAGEWISE_NEED_PAGE) {
 *		input += progress.consumed;
 *		length -= progress.consumed;
 *		pages[count++] = (struct pagewise_page){ a new page, PAGE_SIZE };
 *	}
 *	result: PAGEWISE_DONE, PAGEWISE_NEED_INPUT (truncated), or a negative errno;
 *	progress.written bytes are in the pages.
 *
 * To decode another file with the same decoder, into other pages or into the same ones anew, call
 * pagewise_reset() first.
 */
#ifndef PAGEWISE_H
#define PAGEWISE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Of which a build may have some only. */
enum pagewise_format {
	PAGEWISE_ANY,		/* whichever of gzip, zlib, xz, lzma, zstd the first bytes announce */
	PAGEWISE_GZIP,		/* RFC 1952 */
	PAGEWISE_ZLIB,		/* RFC 1950 */
	PAGEWISE_DEFLATE,	/* RFC 1951 */
	PAGEWISE_XZ,		/* The .xz File Format */
	PAGEWISE_LZMA,		/* .lzma */
	PAGEWISE_ZSTD,		/* RFC 8878 */
};

/* What pagewise_decode() returns if nothing is wrong. */
enum pagewise_pause {
	PAGEWISE_DONE,		/* complete, and every check in the stream matched */
	PAGEWISE_NEED_INPUT,	/* more input is needed; if there is none, the stream is truncated */
	PAGEWISE_NEED_PAGE,	/* every page is full: append one */
};

/*
 * A page of output. All pages of an array have the same length, a power of two of at least 64 bytes;
 * a single page may have any length, so that a flat buffer is one page.
 */
struct pagewise_page {
	void *data;
	size_t length;
};

/* Bytes after the output that a call may overwrite, never beyond the end of the page that holds the next byte. */
#define PAGEWISE_OVERSHOOT 64

struct pagewise_progress {
	size_t consumed;	/* bytes of this call's input that are done with; pass the others again */
	size_t min;		/* PAGEWISE_NEED_INPUT: how many bytes to pass, those not consumed included */
	uint64_t written;	/* bytes of output so far, over all calls */
	uint64_t settled;	/* of these, bytes that will not change any more */
	uint64_t window;	/* bytes of history that may be copied from; all ones: not known yet */
};

/* A decoder; its memory is the caller's. It owns nothing: who is done with it frees the memory. */
struct pagewise;

/* Bytes of memory that a decoder needs; 0: this build has none for the format. */
size_t pagewise_size(int format);

/*
 * Makes a decoder in size bytes of memory that are aligned to 8, as all allocators do it. Members,
 * streams or frames that follow one another are decoded one after the other, as the formats'
 * command-line tools do it.
 *
 * What the memory holds does not matter: it need not be cleared, and not all of it is cleared here.
 *
 * -EOPNOTSUPP: this build has none for the format. -EINVAL: the memory is too small or not aligned.
 */
int pagewise_init(struct pagewise *decoder, size_t size, int format);

/* The format that the input begins; PAGEWISE_ANY: too few bytes to tell. -EOPNOTSUPP: none of them. */
int pagewise_detect(const void *input, size_t length);

/*
 * Decodes until the input runs short, the pages are full, or the stream has ended.
 *
 * pages: all pages so far (since the last pagewise_release()), in order and unchanged, new ones
 * after them. Up to PAGEWISE_OVERSHOOT bytes from progress->written on may be overwritten, never beyond
 * the end of the page that holds the next byte. The result does not depend on how input and pages are
 * split over calls. PAGEWISE_DONE with input left: trailing bytes.
 *
 * A decoder belongs to one file and its pages until pagewise_reset(). After PAGEWISE_DONE another call
 * goes on with that file: a member that follows is appended at byte progress->written of the pages;
 * without one PAGEWISE_DONE is returned again, and nothing is written. -EINVAL if the pages are too few
 * or too short for the bytes written and not released. Other pages of the right shape cannot be told
 * from the file's own: without pagewise_reset() a second file would leave their first bytes as they are.
 *
 * Negative: -ENODATA truncated, -EUCLEAN corrupt, -EBADMSG a checksum does not match, -EOPNOTSUPP
 * unsupported, -ENOBUFS over the window limit, -EINVAL pages of unequal or unsuitable length, or too few of
 * them, -EIO a defect of this library. It stays so until pagewise_reset().
 */
int pagewise_decode(struct pagewise *decoder, const void *input, size_t length,
		    struct pagewise_page *pages, size_t page_count,
		    struct pagewise_progress *progress);

/* What was wrong, in the format's terms: length bytes, without a null byte at the end ("%.*s"). */
const char *pagewise_message(struct pagewise *decoder, size_t *length);

/* Refuses streams with a larger window. Only zstd has a limit without it: 128 MiB. */
void pagewise_limit_window(struct pagewise *decoder, uint64_t bytes);

/*
 * Tells that so many pages were taken off the front of the array. Their bytes must be settled; a copy
 * that reaches into them later is an error, so keep the last progress->window bytes.
 */
int pagewise_release(struct pagewise *decoder, size_t pages);

/* Makes this a fresh decoder, for another file and its pages; the window limit stays. */
void pagewise_reset(struct pagewise *decoder);

#ifdef __cplusplus
}
#endif

#endif
