// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Decodes files inside a kernel with this library and with the kernel's own decoders, holds all of them
 * against the original, and says how long each took. Parameters: files=PATH,... are originals, beside
 * which PATH.gz, PATH.xz and PATH.zst lie, and rounds.
 */
#include <linux/kernel_read_file.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "peers.h"

#define MAX_FILES 8
#define MAX_ROUNDS 9
#define POISON 0xa5

static char *files[MAX_FILES];
static int file_count;
module_param_array(files, charp, &file_count, 0);
static int rounds = 3;
module_param(rounds, int, 0);

struct bytes {
	u8 *at;
	size_t length;
};

struct target {
	struct bytes original;
	struct pagewise_page *pages;
	size_t count;
};

static int failures;

#define EXPECT(condition, format, ...)                                            \
	do {                                                                      \
		if (!(condition)) {                                               \
			failures++;                                               \
			pr_err("pagewise: FAILED: " format "\n", ##__VA_ARGS__);  \
		}                                                                 \
	} while (0)

static struct bytes read_file(const char *path, const char *suffix)
{
	char *name = kasprintf(GFP_KERNEL, "%s%s", path, suffix);
	struct bytes file = { 0 };
	void *bytes = NULL;
	ssize_t length;

	length = kernel_read_file_from_path(name, 0, &bytes, INT_MAX, NULL, READING_FIRMWARE);
	EXPECT(length > 0, "%s: %zd", name, length);
	if (length > 0)
		file = (struct bytes){ bytes, length };
	kfree(name);
	return file;
}

/* One page more than the original has, which must stay as it is. */
static int make_pages(struct target *target)
{
	target->count = DIV_ROUND_UP(target->original.length, PAGE_SIZE) + 1;
	target->pages = kvcalloc(target->count, sizeof(*target->pages), GFP_KERNEL);
	for (size_t i = 0; target->pages && i < target->count; i++) {
		target->pages[i].data = (void *)__get_free_page(GFP_KERNEL);
		target->pages[i].length = PAGE_SIZE;
		if (!target->pages[i].data)
			return -ENOMEM;
	}
	return target->pages ? 0 : -ENOMEM;
}

static void free_pages_of(struct target *target)
{
	for (size_t i = 0; target->pages && i < target->count; i++)
		free_page((unsigned long)target->pages[i].data);
	kvfree(target->pages);
	vfree(target->original.at);
}

static void poison(struct target *target)
{
	for (size_t i = 0; i < target->count; i++)
		memset(target->pages[i].data, POISON, PAGE_SIZE);
}

static bool is_equal(struct target *target)
{
	for (size_t i = 0; i < target->count; i++) {
		size_t start = min(i * PAGE_SIZE, target->original.length);
		size_t length = min(target->original.length - start, PAGE_SIZE);
		u8 *data = target->pages[i].data;
		/* In the page of the next byte. */
		size_t scratch = i == target->original.length / PAGE_SIZE ? PAGEWISE_OVERSHOOT : 0;
		size_t clean = min(length + scratch, PAGE_SIZE);

		if (memcmp(data, target->original.at + start, length) ||
		    memchr_inv(data + clean, POISON, PAGE_SIZE - clean))
			return false;
	}
	return true;
}

static u64 measure(decoder_fn *decode, struct target *target, struct bytes stream, size_t *memory)
{
	struct decoding decoding;
	u64 start, time;

	poison(target);
	cond_resched();
	start = ktime_get_ns();
	decoding = decode(stream.at, stream.length, target->pages, target->count);
	time = ktime_get_ns() - start;
	*memory = decoding.memory;
	EXPECT(decoding.written == target->original.length, "%ps: %ld of %zu bytes", decode,
	       decoding.written, target->original.length);
	/* The kernel's decoders may write behind their output, in a page that they were given. */
	EXPECT(decode != pagewise_file || is_equal(target), "%ps: other bytes", decode);
	return time;
}

static int compare_times(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* In turns, so that whatever else happens befalls both. */
static void compare(decoder_fn *kernel, struct target *target, struct bytes stream, const char *name,
		    const char *suffix)
{
	u64 theirs[MAX_ROUNDS], ours[MAX_ROUNDS];
	size_t their_memory, our_memory;
	int n = clamp(rounds, 1, MAX_ROUNDS);

	for (int i = 0; i < n; i++) {
		theirs[i] = measure(kernel, target, stream, &their_memory);
		ours[i] = measure(pagewise_file, target, stream, &our_memory);
	}
	sort(theirs, n, sizeof(*theirs), compare_times, NULL);
	sort(ours, n, sizeof(*ours), compare_times, NULL);
	pr_info("pagewise: compare %s%s %zu bytes, kernel %llu ns %zu bytes, pagewise %llu ns %zu bytes\n",
		kbasename(name), suffix, target->original.length, theirs[n / 2], their_memory,
		ours[n / 2], our_memory);
}

/* A part of a stream is never taken for the whole, and a changed one never for good with other bytes. */
static void refuse(struct target *target, struct bytes stream, const char *suffix)
{
	for (int i = 1; i <= 16; i++) {
		size_t length = i < 9 ? stream.length - i : stream.length / 16 * (i - 8);
		long written = pagewise_file(stream.at, length, target->pages, target->count).written;

		EXPECT(written == -ENODATA, "%s cut at %zu: %ld", suffix, length, written);
	}
	for (int i = 0; i < 16; i++) {
		size_t at = stream.length / 4 + stream.length / 32 * i;
		long written;

		stream.at[at] ^= 1 << i % 8;
		poison(target);
		written = pagewise_file(stream.at, stream.length, target->pages, target->count).written;
		EXPECT(written < 0 || (written == target->original.length && is_equal(target)),
		       "%s changed at %zu: %ld", suffix, at, written);
		stream.at[at] ^= 1 << i % 8;
	}
}

static void check(const char *name)
{
	static const struct {
		const char *suffix;
		decoder_fn *kernel;
	} formats[] = { { ".gz", kernel_gzip }, { ".xz", kernel_xz }, { ".zst", kernel_zstd } };
	struct target target = { .original = read_file(name, "") };
	int error = target.original.at ? make_pages(&target) : -ENOENT;

	EXPECT(error == 0, "%s: %d", name, error);
	for (int i = 0; error == 0 && i < ARRAY_SIZE(formats); i++) {
		struct bytes stream = read_file(name, formats[i].suffix);

		if (!stream.at)
			continue;
		compare(formats[i].kernel, &target, stream, name, formats[i].suffix);
		refuse(&target, stream, formats[i].suffix);
		vfree(stream.at);
	}
	free_pages_of(&target);
}

static int __init pagewise_test_init(void)
{
	for (int i = 0; i < file_count; i++)
		check(files[i]);
	pr_info("pagewise: %d files, %d failures\n", file_count, failures);
	return failures || !file_count ? -EINVAL : 0;
}

static void __exit pagewise_test_exit(void)
{
}

module_init(pagewise_test_init);
module_exit(pagewise_test_exit);
MODULE_DESCRIPTION("Test of the pagewise decompressors");
MODULE_LICENSE("Dual MIT/GPL");
