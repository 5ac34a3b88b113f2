// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Decompression of modules by pagewise: whichever of gzip, xz and zstd a file is, read in pieces
 * and decoded straight into the pages that are mapped as the module's image. They are the decoder's
 * history too, so neither the file nor a window is held. The blocks of a large .xz are decoded by
 * all processors. A file that is cut short or changed, or that goes on after its end, is refused.
 */

#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagewise.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "internal.h"

struct image {
	struct load_info *info;
	/*
	 * As many as info->max_pages, and where info->pages are: they stay mapped, since any of
	 * them can be copied from, so they are not from high memory.
	 */
	struct pagewise_page *pages;
	/* Bytes. */
	size_t length;
};

/* kvmalloc() rounds large sizes up to powers of two if it can. */
static void *allocate(size_t size)
{
	return size > SZ_32K ? vmalloc(size) : kvmalloc(size, GFP_KERNEL);
}

static int image_grow(struct image *image, unsigned int max_pages)
{
	struct load_info *info = image->info;
	struct page **pages = allocate(array_size(max_pages, sizeof(*pages)));
	struct pagewise_page *views = allocate(array_size(max_pages, sizeof(*views)));

	if (!pages || !views) {
		kvfree(pages);
		kvfree(views);
		return -ENOMEM;
	}
	if (info->used_pages) {
		memcpy(pages, info->pages, info->used_pages * sizeof(*pages));
		memcpy(views, image->pages, info->used_pages * sizeof(*views));
	}
	kvfree(info->pages);
	kvfree(image->pages);
	info->pages = pages;
	info->max_pages = max_pages;
	image->pages = views;
	return 0;
}

static int image_add_page(struct image *image)
{
	struct load_info *info = image->info;
	struct page *page;

	if (info->used_pages == info->max_pages) {
		int error = image_grow(image, 2 * info->max_pages);

		if (error)
			return error;
	}
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	info->pages[info->used_pages] = page;
	image->pages[info->used_pages++] =
		(struct pagewise_page){ .data = page_address(page), .length = PAGE_SIZE };
	return 0;
}

/*
 * What is held of the file, but for a block of zstd that needs more: the decoder takes it whole,
 * and it has up to 128 KiB and 3 bytes (RFC 8878, 3.1.1.2).
 */
#define INPUT (64 * 1024)
#define MOST_INPUT (132 * 1024)
/*
 * Images are up to so many times as large as their files: what more a header or an Index claims is
 * not believed beforehand.
 */
#define MOST_RATIO 16

/* A file that is read in pieces. `length` bytes of the buffer from `start` on are to be decoded. */
struct source {
	struct file *file;
	loff_t position, size;
	char *buffer;
	size_t room, start, length;
};

/* As kernel_read_file() begins, for a file whose contents are not held. */
static int source_open(struct source *source, struct file *file)
{
	struct inode *inode = file_inode(file);
	int error;

	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	error = deny_write_access(file);
	if (error)
		return error;
	source->file = file;
	source->size = i_size_read(inode);
	if (source->size <= 0)
		return -EINVAL;
	error = security_kernel_read_file(file, READING_MODULE_COMPRESSED, false);
	if (error)
		return error;
	source->room = min_t(loff_t, source->size, INPUT);
	source->buffer = allocate(source->room);
	return source->buffer ? 0 : -ENOMEM;
}

static void source_close(struct source *source)
{
	kvfree(source->buffer);
	if (source->file)
		allow_write_access(source->file);
}

/* Reads on, into a larger buffer if this one is full; -ENODATA at the end of the file. */
static int source_fill(struct source *source)
{
	bool is_full = source->length == source->room;
	ssize_t length;

	if (is_full && source->room < MOST_INPUT && source->position < source->size) {
		/* What was read is read again, so that there are never both buffers. */
		kvfree(source->buffer);
		source->position -= source->length;
		source->length = 0;
		source->room = MOST_INPUT;
		source->buffer = allocate(source->room);
		if (!source->buffer)
			return -ENOMEM;
	}
	memmove(source->buffer, source->buffer + source->start, source->length);
	source->start = 0;
	length = kernel_read(source->file, source->buffer + source->length,
			     source->room - source->length, &source->position);
	if (length <= 0)
		return length ?: -ENODATA;
	source->length += length;
	return 0;
}

/*
 * Pages of the image, as the header tells, or at a guess: most modules are two to six times as
 * large as their files.
 */
static unsigned int image_estimate(struct pagewise *decoder, struct source *source)
{
	u64 most = source->size * MOST_RATIO, size = source->size * 6;
	struct pagewise_progress progress;
	struct pagewise_info info;

	/* If it fails, the next call fails too. */
	if (pagewise_decode(decoder, source->buffer, source->length, NULL, 0, &progress) >= 0) {
		source->start += progress.consumed;
		source->length -= progress.consumed;
	}
	pagewise_info(decoder, &info, sizeof(info));
	return DIV_ROUND_UP(info.content_size <= most ? info.content_size : size, PAGE_SIZE) + 1;
}

static int image_decode(struct image *image, struct pagewise *decoder, struct source *source)
{
	struct pagewise_progress progress;
	const char *message = "module file goes on after its end";
	size_t length;
	int result;

	for (;;) {
		result = pagewise_decode(decoder, source->buffer + source->start, source->length,
					 image->pages, image->info->used_pages, &progress);
		source->start += progress.consumed;
		source->length -= progress.consumed;
		if (result < 0) {
			message = pagewise_message(decoder, &length);
			pr_err("decompression failed: %.*s\n", (int)length, message);
			return result;
		}
		if (result == PAGEWISE_DONE)
			break;
		result = result == PAGEWISE_NEED_PAGE ? image_add_page(image) : source_fill(source);
		if (result)
			break;
	}

	image->length = progress.written;
	if (!result && !source->length && source->position == source->size)
		return 0;
	if (!result)
		result = -EINVAL;
	else if (result == -ENODATA)
		message = "module file ends too early";
	else
		return result;
	pr_err("decompression failed: %s\n", message);
	return result;
}

/* Smaller .xz files are not looked at for blocks. */
#define LEAST_PLANNED (128 * 1024)
/* The most of an Index. Records of blocks of a page each for an image of some MiB are less. */
#define MOST_INDEX (16 * 1024)
/* Bytes of its block that a worker reads at a time. */
#define PIECE (32 * 1024)

/* Blocks to be decoded by workers, each of which takes the next one when it is done with one. */
struct plan {
	struct image *image;
	struct file *file;
	struct pagewise_xz_block *blocks;
	unsigned int count;
	atomic_t next;
	int error;
};

struct worker {
	struct work_struct work;
	struct plan *plan;
};

static int plan_decode_block(struct plan *plan, const struct pagewise_xz_block *block,
			     struct pagewise *decoder, struct source *source)
{
	struct pagewise_page *pages = plan->image->pages + block->output / PAGE_SIZE;
	size_t count = DIV_ROUND_UP(block->output_length, PAGE_SIZE);
	struct pagewise_progress progress;
	int result;

	source->position = block->input;
	source->start = source->length = 0;
	result = pagewise_begin_block(decoder, block);
	if (result)
		return result;
	do {
		result = source_fill(source);
		if (result)
			return result;
		result = pagewise_decode(decoder, source->buffer + source->start, source->length,
					 pages, count, &progress);
		source->start += progress.consumed;
		source->length -= progress.consumed;
	} while (result == PAGEWISE_NEED_INPUT);
	return result == PAGEWISE_NEED_PAGE ? -EUCLEAN : result;
}

static void plan_work(struct work_struct *work)
{
	struct plan *plan = container_of(work, struct worker, work)->plan;
	struct source source = { .file = plan->file, .room = PIECE, .buffer = allocate(PIECE) };
	struct pagewise *decoder = allocate(pagewise_size(PAGEWISE_XZ_BLOCK));
	unsigned int index;
	int error = -ENOMEM;

	if (source.buffer && decoder)
		error = pagewise_init(decoder, pagewise_size(PAGEWISE_XZ_BLOCK), PAGEWISE_XZ_BLOCK);
	while (!error && !READ_ONCE(plan->error)) {
		index = atomic_fetch_inc(&plan->next);
		if (index >= plan->count)
			break;
		error = plan_decode_block(plan, &plan->blocks[index], decoder, &source);
	}
	if (error)
		WRITE_ONCE(plan->error, error);
	kvfree(decoder);
	kvfree(source.buffer);
}

static bool read_all(struct file *file, void *buffer, size_t length, loff_t position)
{
	return kernel_read(file, buffer, length, &position) == length;
}

/* Reads where the blocks are. Returns the image's length; 0: decode the file from its start. */
static size_t plan_make(struct plan *plan, const struct source *source)
{
	u8 footer[PAGEWISE_XZ_HEADER];
	u64 start, length, count, total = 0;
	void *index = NULL;

	if (source->size < LEAST_PLANNED || num_online_cpus() < 2 ||
	    !read_all(source->file, footer, sizeof(footer), source->size - sizeof(footer)) ||
	    pagewise_xz_index(footer, source->size, &start, &length) || length > MOST_INDEX)
		return 0;
	index = kvmalloc(length, GFP_KERNEL);
	if (!index || !read_all(source->file, index, length, start) ||
	    pagewise_xz_blocks(source->buffer, footer, source->size, index, length, NULL, 0,
			       &count) || count < 2)
		goto out;
	plan->blocks = kvmalloc_array(count, sizeof(*plan->blocks), GFP_KERNEL);
	plan->count = count;
	if (!plan->blocks ||
	    pagewise_xz_blocks(source->buffer, footer, source->size, index, length, plan->blocks,
			       count, &count))
		goto out;
	/* No two decoders can have the same page. */
	for (unsigned int i = 0; i < plan->count; i++) {
		if (plan->blocks[i].output % PAGE_SIZE)
			goto out;
	}
	total = plan->blocks[count - 1].output + plan->blocks[count - 1].output_length;
	if (total > (u64)source->size * MOST_RATIO)
		total = 0;
out:
	kvfree(index);
	return total;
}

/*
 * Decodes all blocks of an .xz. Whatever is wrong, the file is decoded from its start then, which
 * tells what it is.
 */
static bool plan_run(struct image *image, const struct source *source)
{
	struct plan plan = { .image = image, .file = source->file };
	size_t total = plan_make(&plan, source);
	unsigned int count = min(plan.count, num_online_cpus());
	struct worker *workers;
	bool is_good;

	plan.error = total ? 0 : -EINVAL;
	while (!plan.error && image->info->used_pages < DIV_ROUND_UP(total, PAGE_SIZE))
		plan.error = image_add_page(image);
	workers = plan.error ? NULL : kcalloc(count, sizeof(*workers), GFP_KERNEL);
	if (workers) {
		for (unsigned int i = 0; i < count; i++) {
			workers[i].plan = &plan;
			INIT_WORK(&workers[i].work, plan_work);
			if (i)
				queue_work(system_dfl_wq, &workers[i].work);
		}
		plan_work(&workers[0].work);
		for (unsigned int i = 1; i < count; i++)
			flush_work(&workers[i].work);
		image->length = total;
	}
	is_good = workers && !plan.error;
	kvfree(plan.blocks);
	kfree(workers);
	return is_good;
}

/* Returns the image's length; its pages, or those that there are when it fails, are in info. */
ssize_t module_decompress_file(struct load_info *info, struct file *file)
{
	struct image image = { .info = info };
	struct source source = {};
	struct pagewise *decoder = NULL;
	int format, error;

	error = source_open(&source, file);
	if (!error)
		error = source_fill(&source);
	if (error)
		goto out;
#ifdef CONFIG_MODULE_STATS
	info->compressed_len = source.size;
#endif
	format = pagewise_detect(source.buffer, source.length);
	if (format != PAGEWISE_GZIP && format != PAGEWISE_XZ && format != PAGEWISE_ZSTD) {
		pr_err("not a compressed module\n");
		error = -EINVAL;
		goto out;
	}
	decoder = allocate(pagewise_size(format));
	error = decoder ? pagewise_init(decoder, pagewise_size(format), format) : -ENOMEM;
	if (!error)
		error = image_grow(&image, image_estimate(decoder, &source));
	if (!error && !(format == PAGEWISE_XZ && plan_run(&image, &source)))
		error = image_decode(&image, decoder, &source);
out:
	kvfree(image.pages);
	kvfree(decoder);
	source_close(&source);
	return error ? error : image.length;
}
