// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Decompression of modules by pagewise, in place of kernel/module/decompress.c: whichever of gzip, xz and
 * zstd a file is, decoded straight into the pages that are mapped as the module's image. They are the
 * decoder's history too, so that no window is allocated. A file that is cut short or changed, or that goes
 * on behind its end, is refused.
 */
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/module.h>
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

static int image_decode(struct image *image, struct pagewise *decoder, const void *file, size_t size)
{
	struct pagewise_progress progress;
	const char *message = "module file goes on behind its end";
	size_t length = strlen(message);
	int result;

	do {
		result = image_add_page(image);
		if (result)
			return result;
		result = pagewise_decode(decoder, file, size, image->pages, image->info->used_pages,
					 &progress);
		file += progress.consumed;
		size -= progress.consumed;
	} while (result == PAGEWISE_NEED_PAGE);

	image->info->len = progress.written;
	if (result == PAGEWISE_DONE && !size)
		return 0;
	if (result < 0) {
		message = pagewise_message(decoder, &length);
	} else if (result == PAGEWISE_NEED_INPUT) {
		message = "module file ends too early";
		length = strlen(message);
		result = -ENODATA;
	} else {
		result = -EINVAL;
	}
	pr_err("decompression failed: %.*s\n", (int)length, message);
	return result;
}

int module_decompress(struct load_info *info, const void *file, size_t size)
{
	struct image image = { .info = info };
	int format = pagewise_detect(file, size);
	struct pagewise *decoder;
	int error;

#ifdef CONFIG_MODULE_STATS
	info->compressed_len = size;
#endif
	if (format != PAGEWISE_GZIP && format != PAGEWISE_XZ && format != PAGEWISE_ZSTD) {
		pr_err("not a compressed module\n");
		return -EINVAL;
	}
	decoder = kvmalloc(pagewise_size(format), GFP_KERNEL);
	error = decoder ? pagewise_init(decoder, pagewise_size(format), format) : -ENOMEM;
	/* Most modules are two to four times as large as their files. */
	if (!error)
		error = image_grow(&image, DIV_ROUND_UP(size, PAGE_SIZE) * 4);
	if (!error)
		error = image_decode(&image, decoder, file, size);
	kvfree(decoder);
	kvfree(image.pages);
	if (!error) {
		info->hdr = vmap(info->pages, info->used_pages, VM_MAP, PAGE_KERNEL);
		if (!info->hdr)
			error = -ENOMEM;
	}
	if (error)
		module_decompress_cleanup(info);
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
