// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Decompression of modules by pagewise, in place of kernel/module/decompress.c: whichever of gzip, xz and
 * zstd a file is, read in pieces and decoded straight into the pages that are mapped as the module's image.
 * They are the decoder's history too, so neither the file nor a window is held. A file that is cut short or
 * changed, or that goes on after its end, is refused.
 */
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "internal.h"
#include "pagewise/pagewise.h"

/* What modules are compressed with when they are installed; the kernel takes the others as well. */
#if defined(CONFIG_MODULE_COMPRESS_GZIP)
#define MODULE_COMPRESSION "gzip"
#elif defined(CONFIG_MODULE_COMPRESS_XZ)
#define MODULE_COMPRESSION "xz"
#else
#define MODULE_COMPRESSION "zstd"
#endif

struct image {
	struct load_info *info;
	/* As many as info->max_pages, and where info->pages are: they stay mapped, since any of them can be
	 * copied from, so they are not from high memory. */
	struct pagewise_page *pages;
};

static int image_grow(struct image *image, unsigned int max_pages)
{
	struct load_info *info = image->info;
	struct page **pages = kvmalloc_array(max_pages, sizeof(*pages), GFP_KERNEL);
	struct pagewise_page *views = kvmalloc_array(max_pages, sizeof(*views), GFP_KERNEL);

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

/* The most that is held of the file. zstd's decoder takes a block at a time, which is up to 128 KiB and 3 bytes
 * (RFC 8878, 3.1.1.2). */
#define MOST_INPUT (160 * 1024)

/* A file that is read in pieces. Of the buffer, `length` bytes from `start` on are still to be decoded. */
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
	error = source->size > 0 ? security_kernel_read_file(file, READING_MODULE, false) : -EINVAL;
	if (!error) {
		source->room = min_t(loff_t, source->size, MOST_INPUT);
		source->buffer = kvmalloc(source->room, GFP_KERNEL);
		error = source->buffer ? 0 : -ENOMEM;
	}
	return error;
}

static void source_close(struct source *source)
{
	kvfree(source->buffer);
	if (source->file)
		allow_write_access(source->file);
}

/* Reads on; -ENODATA at the end of the file. */
static int source_fill(struct source *source)
{
	ssize_t length;

	memmove(source->buffer, source->buffer + source->start, source->length);
	source->start = 0;
	length = kernel_read(source->file, source->buffer + source->length, source->room - source->length,
			     &source->position);
	if (length <= 0)
		return length ?: -ENODATA;
	source->length += length;
	return 0;
}

static int image_decode(struct image *image, struct pagewise *decoder, struct source *source)
{
	struct pagewise_progress progress;
	const char *message = "module file goes on after its end";
	size_t length;
	int result = PAGEWISE_NEED_PAGE;

	do {
		result = result == PAGEWISE_NEED_PAGE ? image_add_page(image) : source_fill(source);
		if (result)
			break;
		result = pagewise_decode(decoder, source->buffer + source->start, source->length, image->pages,
					 image->info->used_pages, &progress);
		source->start += progress.consumed;
		source->length -= progress.consumed;
		if (result < 0) {
			message = pagewise_message(decoder, &length);
			pr_err("decompression failed: %.*s\n", (int)length, message);
			return result;
		}
	} while (result != PAGEWISE_DONE);

	image->info->len = progress.written;
	if (result == -ENODATA)
		message = "module file ends too early";
	else if (result < 0)
		return result;
	else if (!source->length && source->position == source->size)
		return 0;
	else
		result = -EINVAL;
	pr_err("decompression failed: %s\n", message);
	return result;
}

int module_decompress(struct load_info *info, struct file *file)
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
	decoder = kvmalloc(pagewise_size(format), GFP_KERNEL);
	error = decoder ? pagewise_init(decoder, pagewise_size(format), format) : -ENOMEM;
	/* Most modules are two to four times as large as their files. */
	if (!error)
		error = image_grow(&image, DIV_ROUND_UP(source.size, PAGE_SIZE) * 4);
	if (!error)
		error = image_decode(&image, decoder, &source);
	kvfree(image.pages);
	if (!error) {
		info->hdr = vmap(info->pages, info->used_pages, VM_MAP, PAGE_KERNEL);
		if (!info->hdr)
			error = -ENOMEM;
	}
	if (error)
		module_decompress_cleanup(info);
out:
	kvfree(decoder);
	source_close(&source);
	return error;
}

void module_decompress_cleanup(struct load_info *info)
{
	if (info->hdr)
		vunmap(info->hdr);
	while (info->used_pages)
		__free_page(info->pages[--info->used_pages]);
	kvfree(info->pages);
	info->pages = NULL;
	info->max_pages = 0;
}

#ifdef CONFIG_SYSFS
static ssize_t compression_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, MODULE_COMPRESSION "\n");
}

static struct kobj_attribute compression_attribute = __ATTR_RO(compression);

static int __init compression_init(void)
{
	return sysfs_create_file(&module_kset->kobj, &compression_attribute.attr);
}
late_initcall(compression_init);
#endif
