// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/* See peers.h. It is compiled by kbuild, also for the user program. */
#include <linux/slab.h>
#include <linux/xz.h>
#include <linux/zlib.h>
#include <linux/zstd.h>

#include "peers.h"

/* Page by page, each appended when it is asked for, by a decoder of the file's own format. */
struct decoding pagewise_file(const unsigned char *input, size_t length,
			      struct pagewise_page *pages, size_t count)
{
	int format = pagewise_detect(input, length);
	struct decoding decoding = { .memory = format > 0 ? pagewise_size(format) : 0 };
	struct pagewise *decoder = kvmalloc(decoding.memory, GFP_KERNEL);
	struct pagewise_progress progress = { 0 };
	size_t used = 0;
	int result;

	decoding.written = -ENOMEM;
	if (!decoder)
		return decoding;
	result = pagewise_init(decoder, decoding.memory, format);
	if (result == 0)
		result = PAGEWISE_NEED_PAGE;
	while (result == PAGEWISE_NEED_PAGE && used < count) {
		result = pagewise_decode(decoder, input, length, pages, ++used, &progress);
		input += progress.consumed;
		length -= progress.consumed;
	}
	if (result < 0) {
		size_t size;
		const char *message = pagewise_message(decoder, &size);

		pr_info("pagewise: %.*s\n", (int)size, message);
		decoding.written = result;
	} else if (result == PAGEWISE_NEED_INPUT) {
		decoding.written = -ENODATA;
	} else {
		decoding.written = result == PAGEWISE_DONE && !length ? progress.written : -EFBIG;
	}
	kvfree(decoder);
	return decoding;
}

struct decoding kernel_gzip(const unsigned char *input, size_t length,
			    struct pagewise_page *pages, size_t count)
{
	struct decoding decoding = { .memory = zlib_inflate_workspacesize() };
	struct z_stream_s stream = { 0 };
	size_t used = 0, header = 10;
	int result = Z_OK;

	/* Without an extra field, as gzip writes it: a name may follow. */
	if (input[3] & 8)
		while (input[header++])
			;
	decoding.written = -ENOMEM;
	stream.workspace = kvmalloc(decoding.memory, GFP_KERNEL);
	if (!stream.workspace)
		return decoding;
	stream.next_in = input + header;
	stream.avail_in = length - header;
	zlib_inflateInit2(&stream, -MAX_WBITS);
	while (result == Z_OK && used < count) {
		stream.next_out = pages[used].data;
		stream.avail_out = pages[used++].length;
		result = zlib_inflate(&stream, 0);
	}
	decoding.written = result == Z_STREAM_END ? stream.total_out : -EINVAL;
	zlib_inflateEnd(&stream);
	kvfree(stream.workspace);
	return decoding;
}

struct decoding kernel_xz(const unsigned char *input, size_t length,
			  struct pagewise_page *pages, size_t count)
{
	struct xz_buf buffer = { .in = input, .in_size = length };
	struct xz_dec *decoder = xz_dec_init(XZ_DYNALLOC, (u32)-1);
	/* It does not tell how much it allocates. A dictionary is the most of it: 1 MiB in modules. */
	struct decoding decoding = { .written = -ENOMEM, .memory = (1 << 20) + 28 * 1024 };
	enum xz_ret result = XZ_OK;
	size_t used = 0, written = 0;

	if (!decoder)
		return decoding;
	while (result == XZ_OK && used < count) {
		buffer.out = pages[used].data;
		buffer.out_pos = 0;
		buffer.out_size = pages[used++].length;
		result = xz_dec_run(decoder, &buffer);
		written += buffer.out_pos;
	}
	decoding.written = result == XZ_STREAM_END ? written : -EINVAL;
	xz_dec_end(decoder);
	return decoding;
}

struct decoding kernel_zstd(const unsigned char *input, size_t length,
			    struct pagewise_page *pages, size_t count)
{
	struct decoding decoding = { .written = -EINVAL };
	zstd_in_buffer in = { .src = input, .size = length };
	size_t used = 0, written = 0, result = 1;
	zstd_frame_header header;
	zstd_dstream *stream;
	void *workspace;

	if (zstd_get_frame_header(&header, input, length))
		return decoding;
	decoding.memory = zstd_dstream_workspace_bound(header.windowSize);
	workspace = kvmalloc(decoding.memory, GFP_KERNEL);
	stream = workspace ? zstd_init_dstream(header.windowSize, workspace, decoding.memory) : NULL;
	while (stream && result && used < count) {
		zstd_out_buffer out = { .dst = pages[used].data, .size = pages[used].length };

		used++;
		result = zstd_decompress_stream(stream, &out, &in);
		if (zstd_is_error(result))
			break;
		written += out.pos;
	}
	if (result == 0)
		decoding.written = written;
	kvfree(workspace);
	return decoding;
}
