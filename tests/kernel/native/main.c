// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Times this library and the kernel's own decoders, as kbuild compiled them, on the real processor: the same
 * files, the same pages, one after the other in each round. Arguments: ROUNDS PATH..., beside each of which
 * PATH.gz, PATH.xz and PATH.zst lie. Prints medians.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>

#include "peers.h"
#include "user.h"

#define PAGE 4096
#define ARCH_SET_GS 0x1001

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

static struct pagewise_page *pages;
static size_t count;

static double measure(decoder_fn *decode, struct bytes stream, struct bytes original, size_t *memory)
{
	unsigned long long start = now(), time;
	struct decoding decoding = decode(stream.at, stream.length, pages, count);

	time = now() - start;
	*memory = decoding.memory;
	if (decoding.written != (long)original.length)
		exit(3);
	for (size_t i = 0; i * PAGE < original.length; i++) {
		size_t rest = original.length - i * PAGE;

		if (memcmp(pages[i].data, original.at + i * PAGE, rest < PAGE ? rest : PAGE))
			exit(3);
		memset(pages[i].data, 0xa5, PAGE);
	}
	return time;
}

static void compare(const char *path, const char *suffix, decoder_fn *kernel, int rounds)
{
	struct bytes original, stream;
	char name[4096];
	double theirs[rounds], ours[rounds], ratios[rounds];
	size_t their_memory, our_memory;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	original = read_file(path);
	stream = read_file(name);
	count = original.length / PAGE + 1;
	pages = calloc(count, sizeof(*pages));
	for (size_t i = 0; i < count; i++)
		pages[i] = (struct pagewise_page){ aligned_alloc(PAGE, PAGE), PAGE };
	for (int i = 0; i < rounds; i++) {
		theirs[i] = measure(kernel, stream, original, &their_memory);
		ours[i] = measure(pagewise_file, stream, original, &our_memory);
		ratios[i] = theirs[i] / ours[i];
	}
	printf("%-16s %-4s %8zu bytes  kernel %6.0f MB/s %8zu bytes  pagewise %6.0f MB/s %7zu bytes  ratio %.2f\n",
	       strrchr(path, '/') + 1, suffix, original.length,
	       original.length * 1e3 / median(theirs, rounds), their_memory,
	       original.length * 1e3 / median(ours, rounds), our_memory, median(ratios, rounds));
	for (size_t i = 0; i < count; i++)
		free(pages[i].data);
	free(pages);
	free(original.at);
	free(stream.at);
}

int main(int argc, char **argv)
{
	static char canary[PAGE];
	int rounds = argc > 1 ? atoi(argv[1]) : 0;

	if (rounds < 1 || argc < 3)
		return 2;
	/* The kernel's objects look for the stack protector's canary at %gs. */
	syscall(SYS_arch_prctl, ARCH_SET_GS, canary);
	for (int i = 2; i < argc; i++) {
		compare(argv[i], ".gz", kernel_gzip, rounds);
		compare(argv[i], ".xz", kernel_xz, rounds);
		compare(argv[i], ".zst", kernel_zstd, rounds);
	}
	return 0;
}
