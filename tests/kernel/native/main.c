// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Times builds of this library and the kernel's own decoders, as kbuild compiled them, on the real processor:
 * the same files, the same pages, all in turn in each round. Arguments: ROUNDS PATH..., beside each of which
 * PATH.gz, PATH.xz and PATH.zst lie. Prints medians, for each file and for each class of sizes.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <string.h>
#include <sys/syscall.h>

#include "peers.h"
#include "user.h"

#define PAGE 4096
#define ARCH_SET_GS 0x1001

/* Each of the same peers.c, linked to another build of the library. */
decoder_fn safe_file, base_file;

enum { PAGEWISE, KERNEL, SAFE, BASE, PEERS };

static const char *const names[PEERS] = { "pagewise", "kernel", "safe", "base" };

static const struct format {
	const char *suffix;
	decoder_fn *kernel;
} formats[] = { { ".gz", kernel_gzip }, { ".xz", kernel_xz }, { ".zst", kernel_zstd } };

#define FORMATS (sizeof(formats) / sizeof(*formats))

static const struct class {
	const char *name;
	size_t most;
} classes[] = { { "small, below 64 KiB", 65535 }, { "mid, to 1 MiB", 1 << 20 }, { "large", -1 } };

#define CLASSES (sizeof(classes) / sizeof(*classes))

struct file {
	const char *name;
	struct bytes original, streams[FORMATS];
	size_t class;
	double *times[FORMATS][PEERS];	/* of each round */
	size_t memory[FORMATS][PEERS];
	double ratios[FORMATS][PEERS];	/* to this library's */
};

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

/* Nanoseconds that this thread had the processor for. */
static unsigned long long processor_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static double measure(decoder_fn *decode, struct bytes stream, struct bytes original, size_t *memory)
{
	size_t used = original.length / PAGE + 1;
	unsigned long long start, time;
	struct decoding decoding;

	/* The first to read it would find it in no cache. */
	for (size_t i = 0; i < stream.length; i += 64)
		(void)*(volatile unsigned char *)&stream.at[i];
	start = processor_time();
	decoding = decode(stream.at, stream.length, pages, used);
	time = processor_time() - start;
	*memory = decoding.memory;
	if (decoding.written != (long)original.length)
		exit(3);
	for (size_t i = 0; i < used; i++) {
		size_t rest = original.length - i * PAGE;

		if (memcmp(pages[i].data, original.at + i * PAGE, rest < PAGE ? rest : PAGE))
			exit(3);
		memset(pages[i].data, 0xa5, PAGE);
	}
	return time;
}

static decoder_fn *peer(int index, const struct format *format)
{
	switch (index) {
	case PAGEWISE:
		return pagewise_file;
	case KERNEL:
		return format->kernel;
#ifdef WITH_SAFE
	case SAFE:
		return safe_file;
#endif
#ifdef WITH_BASE
	case BASE:
		return base_file;
#endif
	}
	return NULL;
}

static void load(struct file *file, const char *path, int rounds)
{
	char name[4096];

	file->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	file->original = read_file(path);
	while (file->original.length > classes[file->class].most)
		file->class++;
	for (size_t format = 0; format < FORMATS; format++) {
		snprintf(name, sizeof(name), "%s%s", path, formats[format].suffix);
		file->streams[format] = read_file(name);
		for (int i = 0; i < PEERS; i++)
			file->times[format][i] = calloc(rounds, sizeof(double));
	}
	for (; count <= file->original.length / PAGE; count++) {
		pages = realloc(pages, (count + 1) * sizeof(*pages));
		pages[count] = (struct pagewise_page){ aligned_alloc(PAGE, PAGE), PAGE };
	}
}

/*
 * A file is decoded once by each peer in a round: had a small one several turns, the processor would know its
 * branches by heart. Round -1 warms up.
 */
static void measure_file(struct file *file, int round)
{
	for (size_t format = 0; format < FORMATS; format++) {
		for (int i = 0; i < PEERS; i++) {
			/* Nobody always comes first, nor after the same neighbour. */
			int place = (i + round / 2 + 1) % PEERS;
			int index = round & 1 ? place : PEERS - 1 - place;
			decoder_fn *decode = peer(index, &formats[format]);
			double time;

			if (!decode)
				continue;
			time = measure(decode, file->streams[format], file->original, &file->memory[format][index]);
			if (round >= 0)
				file->times[format][index][round] = time;
		}
	}
}

static void print_file(struct file *file, size_t format, int rounds)
{
	double values[rounds];

	printf("%-22s %-4s %8zu bytes", file->name, formats[format].suffix, file->original.length);
	for (int i = PAGEWISE; i <= KERNEL; i++) {
		memcpy(values, file->times[format][i], sizeof(values));
		printf("  %s %5.0f MB/s %7zu bytes", names[i],
		       file->original.length * 1e3 / median(values, rounds), file->memory[format][i]);
	}
	for (int i = KERNEL; i < PEERS; i++) {
		if (!peer(i, &formats[format]))
			continue;
		for (int round = 0; round < rounds; round++)
			values[round] = file->times[format][i][round] / file->times[format][PAGEWISE][round];
		file->ratios[format][i] = median(values, rounds);
		printf("  to %s %.2f", names[i], file->ratios[format][i]);
	}
	putchar('\n');
}

static void print_class(struct file *files, int number, size_t class, size_t format)
{
	double ratios[number];

	for (int i = KERNEL; i < PEERS; i++) {
		int members = 0;

		for (int file = 0; file < number; file++)
			if (files[file].class == class)
				ratios[members++] = files[file].ratios[format][i];
		if (!members)
			return;
		if (i == KERNEL)
			printf("%-20s %2d files %-4s", classes[class].name, members, formats[format].suffix);
		if (peer(i, &formats[format])) {
			double middle = median(ratios, members);

			printf("  to %s %.2f (%.2f to %.2f)", names[i], middle, ratios[0], ratios[members - 1]);
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static char canary[PAGE];
	int rounds = argc > 1 ? atoi(argv[1]) : 0, number = argc - 2;
	struct file *files;

	if (rounds < 1 || number < 1)
		return 2;
	/* What was freed stays here, as it stays in a kernel: no page is faulted in while time is taken. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	files = calloc(number, sizeof(*files));
	for (int i = 0; i < number; i++)
		load(&files[i], argv[i + 2], rounds);
	/* The kernel's objects look for the stack protector's canary at %gs. */
	syscall(SYS_arch_prctl, ARCH_SET_GS, canary);
	for (int round = -1; round < rounds; round++)
		for (int i = 0; i < number; i++)
			measure_file(&files[i], round);
	puts("Speed to each peer's, medians of the rounds' ratios:");
	for (int i = 0; i < number; i++)
		for (size_t format = 0; format < FORMATS; format++)
			print_file(&files[i], format, rounds);
	puts("Medians of the files' ratios, the least and the most:");
	for (size_t class = 0; class < CLASSES; class++)
		for (size_t format = 0; format < FORMATS; format++)
			print_class(files, number, class, format);
	return 0;
}
