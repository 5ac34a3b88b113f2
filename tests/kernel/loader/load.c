// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Loads modules through the kernel's own decompression, or decompresses them here as kmod does, and says
 * what became of it: load MODE [FILE]..., with MODE
 *
 *	kernel	finit_module(MODULE_INIT_COMPRESSED_FILE) of each file, then unloads them
 *	user	zlib, liblzma or libzstd and init_module() of each file, then unloads them
 *	memory	as kernel, and says by how much free memory shrinks meanwhile (needs two processors)
 *
 * Modules that are refused after decompression (ENOEXEC: another kernel's) count as decompressed.
 */
#define _GNU_SOURCE
#include <lzma.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#include "modules.h"

/* More than any module has. */
#define ROOM (64 << 20)
/* Of measuring memory. */
#define ROUNDS 9

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* As libkmod does it. Returns an errno. */
static int load_from_user_space(const char *path)
{
	static unsigned char *room;
	struct bytes file = read_file(path);
	size_t length = 0;
	int result;

	if (!room && !(room = malloc(ROOM)))
		fail("malloc");
	if (file.at[0] == 0x1f) {
		z_stream stream = { .next_in = file.at, .avail_in = file.length,
				    .next_out = room, .avail_out = ROOM };

		if (inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END)
			length = stream.total_out;
		inflateEnd(&stream);
	} else if (file.at[0] == 0xfd) {
		uint64_t limit = UINT64_MAX;
		size_t from = 0;

		if (lzma_stream_buffer_decode(&limit, 0, NULL, file.at, &from, file.length, room, &length,
					      ROOM) != LZMA_OK)
			length = 0;
	} else {
		length = ZSTD_decompress(room, ROOM, file.at, file.length);
		if (ZSTD_isError(length))
			length = 0;
	}
	result = syscall(SYS_init_module, room, length, "") ? errno : 0;
	free(file.at);
	return result;
}

/* Free memory, sampled by another thread. */
static atomic_ulong least_free;
static atomic_bool stop;
static atomic_int samples;

static void run_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void *sample(void *unused)
{
	(void)unused;
	run_on(1);
	while (!stop) {
		unsigned long bytes = free_bytes();

		if (bytes < least_free)
			least_free = bytes;
		samples++;
	}
	return NULL;
}

static void load_all(const char *mode, int count, char **paths)
{
	int (*load)(const char *) = strcmp(mode, "user") ? load_compressed : load_from_user_space;
	int loaded = 0, foreign = 0;
	int *results = calloc(count, sizeof(*results));
	unsigned long long start = now(), time;

	for (int i = 0; i < count; i++)
		results[i] = load(paths[i]);
	time = now() - start;
	for (int i = count - 1; i >= 0; i--) {
		if (results[i] == 0) {
			loaded++;
			unload(paths[i]);
		} else if (results[i] == ENOEXEC) {
			foreign++;
		} else {
			fprintf(stderr, "%s: %s\n", paths[i], strerror(results[i]));
			exit(2);
		}
	}
	printf("load: %s %s %d loaded, %d decompressed, %llu ns\n", mode, strrchr(paths[0], '.'), loaded,
	       foreign, time);
	free(results);
}

/* The most of some rounds, as a sampler can miss the moment. */
static void measure_memory(const char *path)
{
	unsigned long most = 0;
	int result = 0;

	run_on(0);
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t sampler;
		unsigned long before = free_bytes();

		least_free = before;
		stop = 0;
		samples = 0;
		if (pthread_create(&sampler, NULL, sample, NULL))
			fail("pthread_create");
		while (!samples)
			usleep(1000);
		result = load_compressed(path);
		stop = 1;
		pthread_join(sampler, NULL);
		if (result == 0)
			unload(path);
		if (before - least_free > most)
			most = before - least_free;
	}
	printf("load: memory %s %lu KiB (%s)\n", path, most >> 10, strerror(result));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "memory") == 0) {
		for (int i = 2; i < argc; i++)
			measure_memory(argv[i]);
	} else {
		load_all(argv[1], argc - 2, argv + 2);
	}
	return 0;
}
