/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */
/*
 * pagewise: gzip, xz and zstd decompression into pages that the caller owns.
 *
 * The pages are also the history that the formats copy from, so that a decoder needs no memory but
 * its own, whose size is known beforehand. Nothing is allocated, and no call but these is made.
 *
 *	struct pagewise *decoder = malloc(pagewise_size(PAGEWISE_ANY));
 *	int result = -ENOMEM;
 *
 *	if (decoder)
 *		result = pagewise_init(decoder, pagewise_size(PAGEWISE_ANY), PAGEWISE_ANY);
 *
 *	while (!result) {
 *		result = pagewise_decode(decoder, input, length, pages, count, &progress);
 *		if (result != PAGEWISE_NEED_PAGE)
 *			break;
 *		input += progress.consumed;
 *		length -= progress.consumed;
 *		pages[count++] = (struct pagewise_page){ a new page, its length };
 *		result = 0;
 *	}
 *	PAGEWISE_DONE: complete; PAGEWISE_NEED_INPUT: truncated; or a negative errno.
 *	progress.written bytes are in the pages.
 *
 * To decode another file with the same decoder, into other pages or into the same ones anew, call
 * pagewise_reset() first.
 *
 * Without malloc() a decoder may lie in static memory, and sectors of any size can be its input.
 * The last call has no input: it tells whether the file was complete. examples/sectors.c is the
 * whole program.
 *
 *	static uint64_t memory[PAGEWISE_SIZE_ZSTD_CARRY / 8];
 *	struct pagewise *decoder = (struct pagewise *)memory;
 *
 *	pagewise_init(decoder, sizeof(memory), PAGEWISE_ZSTD | PAGEWISE_CARRY);
 *	do {
 *		length = read_sector(sector);
 *		result = pagewise_decode(decoder, sector, length, &page, 1, &progress);
 *	} while (length > 0 && (result == PAGEWISE_NEED_INPUT || result == PAGEWISE_DONE));
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

/* Two decimal digits for each of major, minor and patch; pagewise_version() is the library's. */
#define PAGEWISE_VERSION 100

uint32_t pagewise_version(void);

/* A build may have only some of them. */
enum pagewise_format {
	PAGEWISE_ANY,		/* whichever of gzip, zlib, xz, lzma, zstd the input begins */
	PAGEWISE_GZIP,		/* RFC 1952 */
	PAGEWISE_ZLIB,		/* RFC 1950 */
	PAGEWISE_DEFLATE,	/* RFC 1951 */
	PAGEWISE_XZ,		/* The .xz File Format */
	PAGEWISE_LZMA,		/* .lzma */
	PAGEWISE_ZSTD,		/* RFC 8878 */
	PAGEWISE_XZ_BLOCK,	/* one block of an .xz file; without PAGEWISE_CARRY */
};

/*
 * To be added to a format: pieces of input may have any size, as the decoder keeps what it can't
 * decode yet. All input of a call is consumed then, unless a page is needed or the stream has
 * ended. Without it what was not consumed must be passed again, with more after it.
 */
#define PAGEWISE_CARRY 0x100

/*
 * Bytes of memory that are enough for a decoder, for static ones; multiples of 64. pagewise_size()
 * tells the exact number, which may be less where pointers have 32 bits, and for PAGEWISE_ANY if
 * formats are left out.
 */
#define PAGEWISE_SIZE_ANY 212288
#define PAGEWISE_SIZE_GZIP 19776
#define PAGEWISE_SIZE_ZLIB 15552
#define PAGEWISE_SIZE_DEFLATE 15488
#define PAGEWISE_SIZE_XZ 34368
#define PAGEWISE_SIZE_LZMA 28864
#define PAGEWISE_SIZE_ZSTD 158208
#define PAGEWISE_SIZE_XZ_BLOCK 34048
#define PAGEWISE_SIZE_ANY_CARRY 343360
#define PAGEWISE_SIZE_GZIP_CARRY 19840
#define PAGEWISE_SIZE_ZLIB_CARRY 15616
#define PAGEWISE_SIZE_DEFLATE_CARRY 15552
#define PAGEWISE_SIZE_XZ_CARRY 34432
#define PAGEWISE_SIZE_LZMA_CARRY 28928
#define PAGEWISE_SIZE_ZSTD_CARRY 289280

/* What pagewise_decode() returns if nothing is wrong. */
enum pagewise_pause {
	PAGEWISE_DONE,		/* complete, and every check in the stream matched */
	PAGEWISE_NEED_INPUT,	/* if there is no more input, the stream is truncated */
	PAGEWISE_NEED_PAGE,	/* every page is full: append one */
};

/*
 * A page of output. All pages of an array have the same length, a power of two of at least 64
 * bytes; a single page may have any length, so that a flat buffer is one page.
 */
struct pagewise_page {
	void *data;
	size_t length;
};

/*
 * Bytes after the output that a call may overwrite, never beyond the end of the page that holds the
 * next byte.
 */
#define PAGEWISE_OVERSHOOT 64

/*
 * How far a decoder has come; pagewise_decode() fills it in, whatever it returns.
 *
 * min: the fewest bytes with which the decoder can go on, counted from the first byte that was not
 * consumed, or with PAGEWISE_CARRY from the end of this call's input. With fewer, the decoder asks
 * again.
 *
 * total_consumed: bytes that PAGEWISE_CARRY keeps do not count before they are decoded. After an
 * error it tells where the unit at fault starts: a field, a symbol of gzip and xz, a block of zstd,
 * or the checksum that does not match. A changed byte may go unnoticed up to the checksum.
 */
struct pagewise_progress {
	size_t consumed;	/* bytes of input that the call is done with; pass others again */
	size_t min;		/* PAGEWISE_NEED_INPUT: see below */
	uint64_t total_consumed; /* bytes of input decoded so far; after an error: see below */
	uint64_t written;	/* bytes of output so far, over all calls */
	uint64_t settled;	/* of these, bytes that will not change any more */
	uint64_t window;	/* bytes of history that may be copied from; all ones: not known */
};

enum pagewise_check {
	PAGEWISE_CHECK_NONE,
	PAGEWISE_CHECK_CRC32,
	PAGEWISE_CHECK_ADLER32,
	PAGEWISE_CHECK_CRC64,
	PAGEWISE_CHECK_SHA256,
	PAGEWISE_CHECK_XXH64,
	PAGEWISE_CHECK_UNKNOWN,	/* not verified: see pagewise_skip_unknown_checks() */
};

/* What has been learnt of a stream; with several members, of the last one. */
struct pagewise_info {
	int format;		/* PAGEWISE_ANY: not known yet */
	int check;		/* enum pagewise_check */
	uint64_t blocks;	/* blocks begun so far, over all members */
	uint64_t content_size;	/* bytes of output, by the header or the end; all ones: not known */
	uint64_t dictionary_id;	/* which the header asks for, of zlib or zstd; all ones: none */
};

/* A decoder; its memory is the caller's. It owns nothing: who is done with it frees the memory. */
struct pagewise;

/*
 * Bytes of memory that a decoder needs; 0: this build has none for the format. PAGEWISE_CARRY may
 * be added.
 */
size_t pagewise_size(int format);

/*
 * Makes a decoder in size bytes of memory that are aligned to 8, as all allocators do it. Members,
 * streams or frames that follow one another are decoded one after the other, as the formats'
 * command-line tools do it.
 *
 * What the memory holds does not matter: it need not be cleared, and not all of it is cleared here.
 *
 * 0: the decoder is ready. -EOPNOTSUPP: this build has none for the format. -EINVAL: the memory is
 * too small or not aligned.
 */
int pagewise_init(struct pagewise *decoder, size_t size, int format);

/* The format that the input begins. PAGEWISE_ANY: too few bytes to tell. -EOPNOTSUPP: none. */
int pagewise_detect(const void *input, size_t length);

/*
 * Decodes until the input runs short, the pages are full, or the stream has ended.
 *
 * pages: all pages so far (since the last pagewise_release()), in order and unchanged, new ones
 * after them; null if there are none yet. Up to PAGEWISE_OVERSHOOT bytes from progress->written on
 * may be overwritten, never beyond the end of the page that holds the next byte. The result does
 * not depend on how input and pages are split over calls. PAGEWISE_DONE with input left: trailing
 * bytes, of gzip, zlib and deflate. After .xz, .lzma and zstd anything but another stream or frame
 * is an error, as for their tools.
 *
 * A decoder belongs to one file and its pages until pagewise_reset(). After PAGEWISE_DONE another
 * call goes on with that file: a member that follows is appended at byte progress->written of the
 * pages; without one PAGEWISE_DONE is returned again, and nothing is written. -EINVAL if the pages
 * are too few or too short for the bytes written and not released. Other pages of the right shape
 * cannot be told from the file's own: without pagewise_reset() a second file would leave their
 * first bytes as they are.
 *
 * Negative, with Linux's numbers on any system: -EUCLEAN corrupt, -EBADMSG a checksum does not
 * match, -EOPNOTSUPP unsupported, -ENOBUFS over the window limit, -EINVAL pages of unequal or
 * unsuitable length, or too few of them, -EIO a defect of this library. It stays so until
 * pagewise_reset().
 */
int pagewise_decode(struct pagewise *decoder, const void *input, size_t length,
		    struct pagewise_page *pages, size_t page_count,
		    struct pagewise_progress *progress);

/*
 * What the last call found wrong, in the format's terms: length bytes, without a null byte at the
 * end (printf("%.*s", (int)length, message)). After PAGEWISE_NEED_INPUT: what to say if there is no
 * more input.
 */
const char *pagewise_message(struct pagewise *decoder, size_t *length);

/* Refuses streams with a larger window. Only zstd has a limit without it: 128 MiB. */
void pagewise_limit_window(struct pagewise *decoder, uint64_t bytes);

/*
 * Tells that so many pages were taken off the front of the array. Their bytes must be settled; a
 * copy that reaches into them later is an error, so keep the last progress->window bytes.
 *
 * 0: the pages are released. -EINVAL: they are not settled, or there are no such pages. This has no
 * effect then, and decoding can go on.
 */
int pagewise_release(struct pagewise *decoder, size_t pages);

/*
 * Whether to decode streams with a check that this library does not know, which then goes
 * unverified, instead of refusing them with -EOPNOTSUPP. None of the formats' present encoders
 * writes one.
 */
void pagewise_skip_unknown_checks(struct pagewise *decoder, int skip);

/*
 * Chooses a dictionary for the streams to come, of a decoder for PAGEWISE_ZSTD or PAGEWISE_ZLIB: a
 * copy of it is not made, so its bytes must stay as they are as long as the decoder is used, or
 * until another one is set.
 *
 * zstd: one in zstd's format, or else any bytes, at least 8; a frame that has begun is lost by it.
 * zlib: a preset dictionary, for streams that ask for it by its Adler-32.
 *
 * 0: the dictionary is in use. -EOPNOTSUPP: the decoder's format has none. -EUCLEAN: its tables are
 * not valid.
 */
int pagewise_set_dictionary(struct pagewise *decoder, const void *dictionary, size_t length);

/*
 * Tells what has been learnt of the stream. size is sizeof(*info): later versions of the library
 * may know more, and fill in as much as the caller has room for. Returns how many bytes were filled
 * in.
 */
size_t pagewise_info(struct pagewise *decoder, struct pagewise_info *info, size_t size);

/*
 * Makes this a fresh decoder, for another file and its pages; limits, choices and the dictionary
 * stay.
 */
void pagewise_reset(struct pagewise *decoder);

/*
 * The blocks of an .xz file of one stream, in builds with xz. They can be decoded in any order and
 * on any number of processors:
 *
 *	pagewise_xz_index(footer, file_length, &start, &length);
 *	pagewise_xz_blocks(header, footer, file_length, index, length, blocks, count, &found);
 *
 * and for each block a decoder of its own, with pages of its own:
 *
 *	pagewise_init(decoder, size, PAGEWISE_XZ_BLOCK);
 *	pagewise_begin_block(decoder, block);
 *	pagewise_decode(decoder, the block's input, block->input_length, pages, count, &progress);
 *
 * If the blocks are accepted, and each ends in PAGEWISE_DONE, the file is good. If anything is
 * wrong, decode it as PAGEWISE_XZ, which takes all .xz files, and tells the first error in the
 * order of the file.
 */
struct pagewise_xz_block {
	uint64_t input;		/* where its input starts in the file */
	uint64_t input_length;	/* bytes of its input, padding and check included */
	uint64_t output;	/* where its output starts in that of the file */
	uint64_t output_length;	/* bytes of its output; claimed until they are decoded */
	uint64_t other;		/* the library's own */
};

/* Bytes of the header, with which the file begins, and of the footer, with which it ends. */
#define PAGEWISE_XZ_HEADER 12

/* Tells where the Index lies in the file. 0: done. Negative: the footer is not good. */
int pagewise_xz_index(const void *footer, uint64_t file_length, uint64_t *start, uint64_t *length);

/*
 * Reads the Index, writes count blocks or as many as there are, and tells in found how many there
 * are. 0: done. Negative: header, footer and Index are not good, or not those of one stream that is
 * the whole file.
 */
int pagewise_xz_blocks(const void *header, const void *footer, uint64_t file_length,
		       const void *index, size_t index_length, struct pagewise_xz_block *blocks,
		       size_t count, uint64_t *found);

/*
 * Makes this a fresh decoder for the block. 0: done. -EOPNOTSUPP: the decoder is not for
 * PAGEWISE_XZ_BLOCK.
 */
int pagewise_begin_block(struct pagewise *decoder, const struct pagewise_xz_block *block);

#ifdef __cplusplus
}
#endif

#endif
