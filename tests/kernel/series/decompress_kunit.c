// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Tests of the decompression of modules: files of all formats, whole, cut short, changed and with
 * bytes after their end. They are in memory, and never loaded.
 */

#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "internal.h"

/* What decompress_kunit_samples.h has in each format. */
#define SAMPLE_LENGTH 20000
/* Bytes put after the end of a file; no format allows them there. */
#define TRAILING 4
/* Files are cut and changed at every so many bytes: each refusal is a line in the log. */
#define STRIDE 13
/* Of fewer bytes than the longest signature has, the format can't be told. */
#define TOO_FEW 6

static u8 sample_byte(unsigned int i)
{
	return 'a' + (i / 16) * (i / 512) % 17;
}

struct sample {
	const char *name;
	const u8 *data;
	size_t length;
};

#define SAMPLE(format) { #format, sample_##format, sizeof(sample_##format) }

#include "decompress_kunit_samples.h"

static const struct sample samples[] = { SAMPLE(gzip), SAMPLE(xz), SAMPLE(xz_x86), SAMPLE(zstd) };

KUNIT_ARRAY_PARAM_DESC(samples, samples, name);

/* Decompresses a file with these bytes; info is to be cleaned up if that succeeds. */
static int decompress(struct kunit *test, struct load_info *info, const u8 *data, size_t length)
{
	struct file *file = shmem_kernel_file_setup("module", length, EMPTY_VMA_FLAGS);
	loff_t position = 0;
	int result;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	*info = (struct load_info){};
	if (kernel_write(file, data, length, &position) == length)
		result = module_decompress(info, file);
	else
		result = -EIO;
	fput(file);
	return result;
}

/* Expects the sample's content, and frees it. */
static void expect_content(struct kunit *test, struct load_info *info)
{
	const u8 *content = (const u8 *)info->hdr;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, info->len, SAMPLE_LENGTH);
	KUNIT_EXPECT_EQ(test, info->used_pages, DIV_ROUND_UP(SAMPLE_LENGTH, PAGE_SIZE));
	for (i = 0; i < min(info->len, SAMPLE_LENGTH) && content[i] == sample_byte(i); i++)
		;
	KUNIT_EXPECT_EQ_MSG(test, i, SAMPLE_LENGTH, "first byte that differs");
	module_decompress_cleanup(info);
}

/* Expects one of the errors, or 0 for none. */
static void expect_refusal(struct kunit *test, struct load_info *info, int result,
			   const int *errors, const char *what, size_t at)
{
	if (!result)
		module_decompress_cleanup(info);
	while (*errors && *errors != result)
		errors++;
	KUNIT_EXPECT_NE_MSG(test, *errors, 0, "%s at %zu: %d", what, at, result);
}

static void whole_test(struct kunit *test)
{
	const struct sample *sample = test->param_value;
	struct load_info info;

	KUNIT_ASSERT_EQ(test, decompress(test, &info, sample->data, sample->length), 0);
	expect_content(test, &info);
}

static void cut_test(struct kunit *test)
{
	static const int too_few[] = { -EINVAL, -ENODATA, 0 };
	static const int ends_early[] = { -ENODATA, 0 };
	const struct sample *sample = test->param_value;
	struct load_info info;
	size_t length;
	int result;

	for (length = 0; length < sample->length; length += length < STRIDE ? 1 : STRIDE) {
		result = decompress(test, &info, sample->data, length);
		expect_refusal(test, &info, result, length < TOO_FEW ? too_few : ends_early,
			       "cut", length);
	}
	result = decompress(test, &info, sample->data, sample->length - 1);
	expect_refusal(test, &info, result, ends_early, "cut", sample->length - 1);
}

static void changed_test(struct kunit *test)
{
	static const int errors[] = { -EUCLEAN, -EBADMSG, -EOPNOTSUPP, -ENODATA, -EINVAL, 0 };
	const struct sample *sample = test->param_value;
	u8 *copy = kunit_kmalloc(test, sample->length, GFP_KERNEL);
	struct load_info info;
	size_t at;
	int result;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, sample->data, sample->length);
	for (at = 0; at < sample->length; at += STRIDE) {
		copy[at] ^= 1 << at % 8;
		result = decompress(test, &info, copy, sample->length);
		/* Some bits mean nothing, such as those of the time in gzip's header. */
		if (!result)
			expect_content(test, &info);
		else
			expect_refusal(test, &info, result, errors, "changed", at);
		copy[at] ^= 1 << at % 8;
	}
}

static void trailing_test(struct kunit *test)
{
	static const int errors[] = { -EINVAL, -EUCLEAN, 0 };
	const struct sample *sample = test->param_value;
	u8 *copy = kunit_kmalloc(test, sample->length + TRAILING, GFP_KERNEL);
	struct load_info info;
	int result;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, sample->data, sample->length);
	memset(copy + sample->length, 0x5a, TRAILING);
	result = decompress(test, &info, copy, sample->length + TRAILING);
	expect_refusal(test, &info, result, errors, "trailing bytes", sample->length);
}

static void foreign_test(struct kunit *test)
{
	static const u8 foreign[] = "\177ELF is not compressed";
	struct load_info info;

	KUNIT_EXPECT_EQ(test, decompress(test, &info, foreign, sizeof(foreign)), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(whole_test, samples_gen_params),
	KUNIT_CASE_PARAM(cut_test, samples_gen_params),
	KUNIT_CASE_PARAM(changed_test, samples_gen_params),
	KUNIT_CASE_PARAM(trailing_test, samples_gen_params),
	KUNIT_CASE(foreign_test),
	{}
};

static struct kunit_suite suite = {
	.name = "module_decompress",
	.test_cases = cases,
};
kunit_test_suite(suite);
