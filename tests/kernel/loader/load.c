// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Loads modules through the kernel's own decompression, or decompresses them here as kmod does, and says
 * what became of it: load MODE [FILE]..., with MODE
 *
 *	kernel	finit_module(MODULE_INIT_COMPRESSED_FILE) of each file, then unloads them
 *	user	zlib, liblzma or libzstd and init_module() of each file, then unloads them
 *	memory	as kernel, and says by how much free memory shrinks meanwhile (needs two processors)
 *	damage	cuts and changes each file; exits 1 if one of these was loaded
 *
 * Modules that are refused after decompression (ENOEXEC: another kernel's) count as decompressed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <lzma.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define DAMAGED "/tmp/damaged"
/* More than any module has. */
#define ROOM (64 << 20)
/* Of measuring memory. */
#define ROUNDS 9

struct bytes {
	unsigned char *at;
	size_t length;
};

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static struct bytes read_file(const char *path)
{
	int file = open(path, O_RDONLY);
	struct bytes bytes;
	struct stat status;

	if (file < 0 || fstat(file, &status))
		fail(path);
	bytes.length = status.st_size;
	bytes.at = malloc(bytes.length);
	if (!bytes.at || read(file, bytes.at, bytes.length) != (ssize_t)bytes.length)
		fail(path);
	close(file);
	return bytes;
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

static int load_compressed(const char *path)
{
	int file = open(path, O_RDONLY);
	int result;

	if (file < 0)
		fail(path);
	result = syscall(SYS_finit_module, file, "", MODULE_INIT_COMPRESSED_FILE) ? errno : 0;
	close(file);
	return result;
}

/* The module's name, from the file's. */
static void unload(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char name[64];
	size_t length = strcspn(base, ".");

	snprintf(name, sizeof(name), "%.*s", (int)length, base);
	for (size_t i = 0; i < length; i++)
		if (name[i] == '-')
			name[i] = '_';
	if (syscall(SYS_delete_module, name, 0))
		fail(name);
}

/* Free memory, sampled by another thread. */
static atomic_ulong least_free;
static atomic_bool stop;

static unsigned long free_bytes(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit;
}

static void *sample(void *unused)
{
	(void)unused;
	while (!stop) {
		unsigned long bytes = free_bytes();

		if (bytes < least_free)
			least_free = bytes;
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

	for (int round = 0; round < ROUNDS; round++) {
		pthread_t sampler;
		unsigned long before = free_bytes();

		least_free = before;
		stop = 0;
		if (pthread_create(&sampler, NULL, sample, NULL))
			fail("pthread_create");
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

/* Whether the kernel takes them for a module. */
static int takes(struct bytes file, const char *name)
{
	int copy = open(DAMAGED, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int result;

	if (copy < 0 || write(copy, file.at, file.length) != (ssize_t)file.length)
		fail(DAMAGED);
	close(copy);
	result = load_compressed(DAMAGED);
	if (result == 0)
		unload(name);
	return result == 0;
}

static int count_taken(const char *path)
{
	struct bytes file = read_file(path);
	int taken = 0, tried = 0;

	/* Ends cut off: a checksum or a part of it, a block, an eighth. */
	for (size_t cut = 1; cut < file.length; cut += cut < 24 ? 1 : file.length / 8, tried++)
		taken += takes((struct bytes){ file.at, file.length - cut }, path);
	/* Bits changed at both ends and between. */
	for (int i = 0; i < 64; i++, tried++) {
		size_t at = i < 16 ? file.length - 1 - i : file.length / 64 * i;

		file.at[at] ^= 1 << i % 8;
		taken += takes(file, path);
		file.at[at] ^= 1 << i % 8;
	}
	printf("load: damage %s %d of %d taken\n", path, taken, tried);
	free(file.at);
	return taken;
}

int main(int argc, char **argv)
{
	int taken = 0;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "memory") == 0) {
		for (int i = 2; i < argc; i++)
			measure_memory(argv[i]);
	} else if (strcmp(argv[1], "damage") == 0) {
		for (int i = 2; i < argc; i++)
			taken += count_taken(argv[i]);
	} else {
		load_all(argv[1], argc - 2, argv + 2);
	}
	return taken ? 1 : 0;
}
