// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * The C ABI from C.
 *
 *	main FORMAT PAGE_LENGTH CHUNK RELEASE STREAM CONTENT
 *		decodes STREAM in pieces of CHUNK bytes into pages, and holds it against CONTENT;
 *		RELEASE is 1 if pages are to be given back as soon as no copy can reach them; once for
 *		each of some bytes that the decoder's memory is full of before
 *	main broken GZIP_STREAM
 *		mistakes of a caller and of a stream
 *	main sectors STREAM CONTENT
 *		decodes a zstd file from sectors of 512 bytes with a decoder in static memory
 *	main blocks STREAM CONTENT
 *		decodes the blocks of an .xz file, the last one first, each into pages of its own
 *	main dictionary FORMAT DICTIONARY STREAM CONTENT
 *		decodes a stream that needs a dictionary, and is refused without it
 *	main reuse FORMAT STREAM CONTENT OTHER_STREAM OTHER_CONTENT
 *		one decoder for two files, into buffers that hold something else
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pagewise.h"

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

#define POISON 0xa5

struct file {
	unsigned char *bytes;
	size_t length;
};

static struct file read_file(const char *name)
{
	FILE *stream = fopen(name, "rb");
	struct file file = { NULL, 0 };

	CHECK(stream && fseek(stream, 0, SEEK_END) == 0);
	file.length = (size_t)ftell(stream);
	rewind(stream);
	file.bytes = malloc(file.length + 1);
	CHECK(file.bytes && fread(file.bytes, 1, file.length, stream) == file.length);
	fclose(stream);
	return file;
}

/* A decoder in memory whose bytes were all the given one. */
static struct pagewise *new_decoder_in(int format, int byte)
{
	size_t size = pagewise_size(format);
	struct pagewise *decoder = malloc(size + 8);

	CHECK(size && decoder);
	/* What lies in the memory before does not matter, and nothing behind it is touched. */
	memset(decoder, POISON, size + 8);
	memset(decoder, byte, size);
	CHECK(pagewise_init(decoder, size, format) == 0);
	return decoder;
}

static struct pagewise *new_decoder(int format)
{
	return new_decoder_in(format, POISON);
}

static void free_decoder(struct pagewise *decoder, int format)
{
	const unsigned char *end = (unsigned char *)decoder + pagewise_size(format);

	for (int i = 0; i < 8; i++)
		CHECK(end[i] == POISON);
	free(decoder);
}

/*
 * The pages' place in the output is known; what is not written yet must be as it was, but for scratch
 * bytes in the page that holds the next byte.
 */
static void check_page(const struct pagewise_page *page, uint64_t start, uint64_t settled,
		       uint64_t written, struct file content)
{
	const unsigned char *data = page->data;
	int is_present = start <= written && written < start + page->length;
	uint64_t clean = written + (is_present ? PAGEWISE_OVERSHOOT : 0);

	for (size_t i = 0; i < page->length; i++) {
		if (start + i < settled)
			CHECK(data[i] == content.bytes[start + i]);
		else if (start + i >= clean)
			CHECK(data[i] == POISON);
	}
}

static void decode(int format, int byte, size_t page_length, size_t chunk, int release,
		   struct file stream, struct file content)
{
	struct pagewise *decoder = new_decoder_in(format, byte);
	struct pagewise_page *pages = calloc(content.length / page_length + 2, sizeof(*pages));
	struct pagewise_progress progress;
	size_t count = 0, at = 0, want = chunk;
	uint64_t released = 0;
	int result;

	CHECK(pages);
	for (;;) {
		size_t length = stream.length - at < want ? stream.length - at : want;

		result = pagewise_decode(decoder, stream.bytes + at, length, pages, count, &progress);
		at += progress.consumed;
		CHECK(progress.settled <= progress.written);
		while (release && count > 1 && progress.written >= progress.window &&
		       released + page_length <= progress.written - progress.window &&
		       released + page_length <= progress.settled) {
			check_page(&pages[0], released, progress.settled, progress.written, content);
			free(pages[0].data);
			memmove(pages, pages + 1, --count * sizeof(*pages));
			released += page_length;
			CHECK(pagewise_release(decoder, 1) == 0);
		}
		if (result == PAGEWISE_NEED_PAGE) {
			CHECK(progress.written == released + count * page_length);
			CHECK(progress.written <= content.length);
			pages[count].data = malloc(page_length);
			pages[count].length = page_length;
			CHECK(pages[count].data);
			memset(pages[count++].data, POISON, page_length);
		} else if (result == PAGEWISE_NEED_INPUT) {
			CHECK(progress.min > length - progress.consumed && at < stream.length);
			want = progress.min > chunk ? progress.min : chunk;
		} else if (result != PAGEWISE_DONE || progress.consumed == 0 || at == stream.length) {
			break;
		}
	}
	if (result < 0) {
		size_t length;
		const char *message = pagewise_message(decoder, &length);

		fprintf(stderr, "%d: %.*s\n", result, (int)length, message);
	}
	CHECK(result == PAGEWISE_DONE && at == stream.length);
	CHECK(progress.written == content.length && progress.settled == content.length);
	for (size_t i = 0; i < count; i++) {
		check_page(&pages[i], released + i * page_length, content.length, content.length,
			   content);
		free(pages[i].data);
	}
	free(pages);
	free_decoder(decoder, format);
}

static void check_message(struct pagewise *decoder, const char *expected)
{
	size_t length;
	const char *message = pagewise_message(decoder, &length);

	CHECK(length == strlen(expected) && memcmp(message, expected, length) == 0);
}

static void check_info(struct pagewise *decoder, int format, int check, uint64_t size, uint64_t id)
{
	struct pagewise_info info;
	int front[3] = { -1, -1, -1 };

	memset(&info, POISON, sizeof(info));
	CHECK(pagewise_info(decoder, &info, sizeof(info)) == sizeof(info));
	CHECK(info.format == format && info.check == check);
	CHECK(info.content_size == size && info.dictionary_id == id);
	/* A caller that knows of fewer fields, and one that knows of more. */
	CHECK(pagewise_info(decoder, (struct pagewise_info *)front, 2 * sizeof(int)) == 2 * sizeof(int));
	CHECK(front[0] == format && front[1] == check && front[2] == -1);
	CHECK(pagewise_info(decoder, &info, SIZE_MAX) == sizeof(info));
	CHECK(pagewise_info(decoder, NULL, sizeof(info)) == 0);
}

static void broken(struct file stream)
{
	unsigned char room[1 << 16];
	struct pagewise_page page = { room, sizeof(room) };
	struct pagewise_page uneven[2] = { { room, 4096 }, { room + 4096, 2048 } };
	struct pagewise_progress progress;
	struct pagewise *decoder = new_decoder(PAGEWISE_GZIP);
	size_t size = pagewise_size(PAGEWISE_GZIP);

	CHECK(pagewise_size(-1) == 0 && pagewise_size(PAGEWISE_XZ_BLOCK + 1) == 0 &&
	      pagewise_size(PAGEWISE_XZ_BLOCK | PAGEWISE_CARRY) == 0);
	CHECK(pagewise_init(decoder, size, 99) == -EOPNOTSUPP);
	CHECK(pagewise_init(decoder, size - 1, PAGEWISE_GZIP) == -EINVAL);
	CHECK(pagewise_init(NULL, size, PAGEWISE_GZIP) == -EINVAL);
	CHECK(pagewise_init((struct pagewise *)((char *)decoder + 4), size, PAGEWISE_GZIP) == -EINVAL);

	CHECK(pagewise_detect(NULL, 0) == PAGEWISE_ANY && pagewise_detect("\x1f", 1) == PAGEWISE_ANY);
	CHECK(pagewise_detect("\x7f" "ELF", 4) == -EOPNOTSUPP);
	CHECK(pagewise_detect(stream.bytes, stream.length) == PAGEWISE_GZIP);

	CHECK(pagewise_decode(NULL, NULL, 0, NULL, 0, &progress) == -EOPNOTSUPP);
	CHECK(pagewise_decode(decoder, NULL, 0, NULL, 0, &progress) == PAGEWISE_NEED_INPUT);
	CHECK(progress.consumed == 0 && progress.min > 0 && progress.window == UINT64_MAX);
	/* Truncated is not an error: only the caller knows that nothing more comes. */
	check_message(decoder, "input ends before the stream does");
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length - 1, &page, 1, &progress)
	      == PAGEWISE_NEED_INPUT);
	CHECK(progress.written > 0 && progress.window == 32768);

	pagewise_reset(decoder);
	stream.bytes[stream.length - 5] ^= 1;
	for (int i = 0; i < 2; i++) {
		CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress)
		      == -EBADMSG);
		check_message(decoder, "gzip: CRC32 mismatch");
	}
	stream.bytes[stream.length - 5] ^= 1;

	pagewise_reset(decoder);
	check_message(decoder, "no error");
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, uneven, 2, &progress) == -EINVAL);
	check_message(decoder, "pages missing, or of unequal or unsuitable length");

	pagewise_reset(decoder);
	pagewise_limit_window(decoder, 1000);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress) == -ENOBUFS);
	pagewise_limit_window(decoder, 32768);
	pagewise_reset(decoder);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress)
	      == PAGEWISE_DONE);
	CHECK(progress.consumed == stream.length);

	/* Where the fault is: what was consumed before the CRC32, which is not the end of the file. */
	pagewise_reset(decoder);
	stream.bytes[stream.length - 5] ^= 1;
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress) == -EBADMSG);
	CHECK(progress.total_consumed == stream.length - 8);
	stream.bytes[stream.length - 5] ^= 1;

	/* A refused release has no effect: decoding goes on. */
	pagewise_reset(decoder);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length / 2, &page, 1, &progress)
	      == PAGEWISE_NEED_INPUT);
	CHECK(pagewise_release(decoder, 1) == -EINVAL);
	check_message(decoder, "pages released before their bytes were final");
	CHECK(pagewise_decode(decoder, stream.bytes + progress.total_consumed,
			      stream.length - progress.total_consumed, &page, 1, &progress)
	      == PAGEWISE_DONE);
	CHECK(progress.total_consumed == stream.length);
	CHECK(pagewise_set_dictionary(decoder, "12345678", 8) == -EOPNOTSUPP);

	check_info(decoder, PAGEWISE_GZIP, PAGEWISE_CHECK_CRC32, progress.written, UINT64_MAX);
	pagewise_reset(decoder);
	check_info(decoder, PAGEWISE_GZIP, PAGEWISE_CHECK_CRC32, UINT64_MAX, UINT64_MAX);
	free_decoder(decoder, PAGEWISE_GZIP);
}

/* Decodes a file in one call into a poisoned buffer of its length. */
static void decode_flat(struct pagewise *decoder, struct file stream, struct file content)
{
	struct pagewise_page page = { malloc(content.length), content.length };
	struct pagewise_progress progress;

	CHECK(page.data);
	memset(page.data, POISON, page.length);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress)
	      == PAGEWISE_DONE);
	CHECK(progress.consumed == stream.length && progress.written == content.length);
	CHECK(memcmp(page.data, content.bytes, content.length) == 0);
	free(page.data);
}

static void reuse(int format, struct file stream, struct file content, struct file other,
		  struct file other_content)
{
	struct pagewise *decoder = new_decoder(format);
	struct pagewise_page page = { malloc(content.length), content.length };
	struct pagewise_page shorter = { page.data, page.length - 1 };
	struct pagewise_progress progress;
	int result;

	CHECK(page.data && other_content.length == content.length);
	/* With a reset before each file, whatever has become of the one before. */
	for (int i = 0; i < 2; i++) {
		decode_flat(decoder, stream, content);
		pagewise_reset(decoder);
		decode_flat(decoder, other, other_content);
		pagewise_reset(decoder);
		CHECK(pagewise_decode(decoder, stream.bytes, stream.length / 2, &page, 1, &progress)
		      == PAGEWISE_NEED_INPUT);
		pagewise_reset(decoder);
		CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &shorter, 1, &progress)
		      == PAGEWISE_NEED_PAGE);
		pagewise_reset(decoder);
	}

	/* Without one: the file is finished for its own pages, or for those that look like them. */
	decode_flat(decoder, stream, content);
	memset(page.data, POISON, page.length);
	CHECK(pagewise_decode(decoder, NULL, 0, &page, 1, &progress) == PAGEWISE_DONE);
	CHECK(progress.consumed == 0 && progress.written == content.length);
	/* Another file is taken for a member, for which there is no room, or for garbage. */
	result = pagewise_decode(decoder, other.bytes, other.length, &page, 1, &progress);
	CHECK(result == PAGEWISE_NEED_PAGE || result < 0 || progress.consumed == 0);
	for (size_t i = 0; i < page.length; i++)
		CHECK(((unsigned char *)page.data)[i] == POISON);

	/* It is not for none, nor for shorter ones; and that stays so. */
	for (size_t count = 0; count < 2; count++) {
		pagewise_reset(decoder);
		decode_flat(decoder, stream, content);
		CHECK(pagewise_decode(decoder, NULL, 0, &shorter, count, &progress) == -EINVAL);
		check_message(decoder, "pages missing, or of unequal or unsuitable length");
		CHECK(pagewise_decode(decoder, NULL, 0, &page, 1, &progress) == -EINVAL);
	}
	pagewise_reset(decoder);
	decode_flat(decoder, other, other_content);
	free(page.data);
	free_decoder(decoder, format);
}

static void sectors(struct file stream, struct file content)
{
	static uint64_t memory[PAGEWISE_SIZE_ZSTD_CARRY / 8];
	struct pagewise *decoder = (struct pagewise *)memory;
	struct pagewise_page page = { malloc(content.length), content.length };
	struct pagewise_progress progress;
	int result = PAGEWISE_NEED_INPUT;
	size_t at;

	CHECK(page.data);
	CHECK(pagewise_init(decoder, sizeof(memory), PAGEWISE_ZSTD | PAGEWISE_CARRY) == 0);
	for (at = 0; at < stream.length; at += 512) {
		size_t length = stream.length - at < 512 ? stream.length - at : 512;
		/* Memory of its own, so that a read beyond it is found. */
		unsigned char *sector = malloc(length);

		CHECK(result == PAGEWISE_NEED_INPUT && sector);
		memcpy(sector, stream.bytes + at, length);
		result = pagewise_decode(decoder, sector, length, &page, 1, &progress);
		CHECK(progress.consumed == length);
		free(sector);
	}
	CHECK(result == PAGEWISE_DONE && progress.written == content.length);
	CHECK(memcmp(page.data, content.bytes, content.length) == 0);
	free(page.data);
}

/* The blocks of the file, of which there are at most 8; how many, or an errno. */
static int list_blocks(struct file stream, struct pagewise_xz_block *blocks)
{
	const unsigned char *footer = stream.bytes + stream.length - PAGEWISE_XZ_HEADER;
	uint64_t start, length, found;
	int result = pagewise_xz_index(footer, stream.length, &start, &length);

	if (result < 0)
		return result;
	CHECK(result == 0 && start + length == stream.length - PAGEWISE_XZ_HEADER);
	result = pagewise_xz_blocks(stream.bytes, footer, stream.length, stream.bytes + start, length, blocks, 8,
				    &found);
	CHECK(result < 0 || (result == 0 && found <= 8));
	return result < 0 ? result : (int)found;
}

static int decode_block(struct pagewise *decoder, struct file stream, const struct pagewise_xz_block *block,
			unsigned char *output)
{
	struct pagewise_page pages[64];
	struct pagewise_progress progress;
	size_t count = (block->output_length + 4095) / 4096;
	int result;

	CHECK(count <= 64 && block->output % 4096 == 0);
	for (size_t i = 0; i < count; i++)
		pages[i] = (struct pagewise_page){ output + block->output + 4096 * i, 4096 };
	CHECK(pagewise_begin_block(decoder, block) == 0);
	result = pagewise_decode(decoder, stream.bytes + block->input, block->input_length, pages, count, &progress);
	CHECK(result != PAGEWISE_DONE || (progress.consumed == block->input_length &&
					  progress.written == block->output_length));
	return result;
}

static void blocks(struct file stream, struct file content)
{
	struct pagewise_xz_block list[8];
	struct pagewise *decoder = new_decoder(PAGEWISE_XZ_BLOCK), *other = new_decoder(PAGEWISE_XZ);
	unsigned char *output = malloc(content.length + 4096);
	int count = list_blocks(stream, list);

	CHECK(output && count > 2 && list[0].input == PAGEWISE_XZ_HEADER);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, NULL, 0, &(struct pagewise_progress){ 0 }) < 0);
	CHECK(pagewise_begin_block(other, list) == -EOPNOTSUPP && pagewise_begin_block(NULL, list) == -EOPNOTSUPP);
	for (int i = count - 1; i >= 0; i--)
		CHECK(decode_block(decoder, stream, &list[i], output) == PAGEWISE_DONE);
	CHECK(memcmp(output, content.bytes, content.length) == 0);

	/* A byte of a block's data, of its check, of the Index, of the footer and of the header. */
	stream.bytes[list[1].input + list[1].input_length / 2] ^= 1;
	CHECK(decode_block(decoder, stream, &list[1], output) < 0);
	stream.bytes[list[1].input + list[1].input_length / 2] ^= 1;
	stream.bytes[list[2].input + list[2].input_length - 1] ^= 1;
	CHECK(decode_block(decoder, stream, &list[2], output) == -EBADMSG);
	stream.bytes[list[2].input + list[2].input_length - 1] ^= 1;
	for (int i = 0; i < 3; i++) {
		size_t at = i == 0 ? list[count - 1].input + list[count - 1].input_length + 2 :
			    i == 1 ? stream.length - 1 : 1;
		stream.bytes[at] ^= 1;
		CHECK(list_blocks(stream, list) < 0);
		stream.bytes[at] ^= 1;
	}
	/* Sizes that are not the block's. */
	list[0].output_length--;
	CHECK(decode_block(decoder, stream, &list[0], output) < 0);
	list[0].output_length += 2;
	CHECK(decode_block(decoder, stream, &list[0], output) < 0);
	CHECK(pagewise_xz_index(NULL, 100, NULL, NULL) < 0);
	CHECK(pagewise_xz_blocks(NULL, NULL, 100, NULL, 0, NULL, 8, NULL) < 0);
	free(output);
	free_decoder(other, PAGEWISE_XZ);
	free_decoder(decoder, PAGEWISE_XZ_BLOCK);
}

static void dictionary(int format, struct file dictionary, struct file stream, struct file content)
{
	struct pagewise *decoder = new_decoder(format);
	struct pagewise_page page = { malloc(content.length), content.length };
	struct pagewise_progress progress;
	struct pagewise_info info;

	CHECK(page.data);
	CHECK(pagewise_decode(decoder, stream.bytes, stream.length, &page, 1, &progress) == -EOPNOTSUPP);
	CHECK(pagewise_info(decoder, &info, sizeof(info)) && info.dictionary_id != UINT64_MAX);
	pagewise_reset(decoder);
	CHECK(pagewise_set_dictionary(decoder, dictionary.bytes, dictionary.length) == 0);
	for (int i = 0; i < 2; i++) {
		decode_flat(decoder, stream, content);
		pagewise_reset(decoder);
	}
	free(page.data);
	free_decoder(decoder, format);
}

int main(int argc, char **argv)
{
	CHECK(pagewise_version() == PAGEWISE_VERSION);
	if (argc == 4 && strcmp(argv[1], "sectors") == 0) {
		sectors(read_file(argv[2]), read_file(argv[3]));
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "blocks") == 0) {
		blocks(read_file(argv[2]), read_file(argv[3]));
		return 0;
	}
	if (argc == 6 && strcmp(argv[1], "dictionary") == 0) {
		dictionary(atoi(argv[2]), read_file(argv[3]), read_file(argv[4]), read_file(argv[5]));
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "broken") == 0) {
		broken(read_file(argv[2]));
		return 0;
	}
	CHECK(argc == 7);
	if (strcmp(argv[1], "reuse") == 0) {
		reuse(atoi(argv[2]), read_file(argv[3]), read_file(argv[4]), read_file(argv[5]),
		      read_file(argv[6]));
		return 0;
	}
	for (int byte = 0; byte <= UCHAR_MAX; byte += UCHAR_MAX / 3)
		decode(atoi(argv[1]), byte, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
		       atoi(argv[4]), read_file(argv[5]), read_file(argv[6]));
	return 0;
}
