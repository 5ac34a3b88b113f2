// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Loads modules through the kernel's own decompression, or decompresses them here as kmod does, and says
 * what became of it: load MODE [FILE]..., with MODE
 *
 *	kernel	finit_module(MODULE_INIT_COMPRESSED_FILE) of each file, then unloads them
 *	user	zlib, liblzma or libzstd and init_module() of each file, then unloads them
 *	memory	as kernel, and says how many pages that takes at most (needs tracefs)
 *	each	as kernel, and says what became of each
 *
 * Modules that are refused after decompression (ENOEXEC: another kernel's) count as decompressed.
 */
#define _GNU_SOURCE
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "modules.h"

/* More than any module has. */
#define ROOM (64 << 20)
/* Pages of the virtual machine's memory, with what is in its holes. */
#define MAX_PFN (1 << 20)

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

static void load_each(const char *path)
{
	int result = load_compressed(path);

	if (result == 0)
		unload(path);
	printf("load: each %s %s\n", path, result ? strerrorname_np(result) : "loaded");
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

static void put(const char *name, const char *text)
{
	char path[128];
	int file;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/%s", name);
	file = open(path, O_WRONLY | O_TRUNC);
	if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
		fail(path);
	close(file);
}

/* The place of an event's page, and in *pages how many there are; 0: it is another event. */
static unsigned long event(const char *line, const char *name, unsigned long *pages)
{
	const char *fields = strstr(line, name), *order;

	if (!fields || !(fields = strstr(fields, "pfn=")) || !(order = strstr(fields, "order=")))
		return 0;
	*pages = 1UL << atoi(order + 6);
	return strtoul(fields + 4, NULL, 0);
}

/*
 * The most pages that this process has while it loads, by the kernel's own events. It has none left at the end.
 * Of those that vmalloc() gets many at a time only the end is told; they count from the begin, which is where
 * input and decoders get them.
 */
static void measure_memory(const char *path)
{
	static char line[1024];
	char *allocated = calloc(MAX_PFN, 1), text[16];
	unsigned long pages, pfn, now, most;
	FILE *trace;
	int result;

	snprintf(text, sizeof(text), "%d", getpid());
	put("buffer_size_kb", "32768");
	put("set_event_pid", text);
	put("events/kmem/mm_page_alloc/enable", "1");
	put("events/kmem/mm_page_free/enable", "1");
	put("trace", "\n");
	result = load_compressed(path);
	put("tracing_on", "0");
	now = most = 0;
	for (int pass = 0; pass < 2; pass++) {
		trace = fopen("/sys/kernel/tracing/trace", "r");
		if (!trace || !allocated)
			fail("trace");
		while (fgets(line, sizeof(line), trace)) {
			if ((pfn = event(line, "mm_page_alloc:", &pages)) && pfn + pages <= MAX_PFN) {
				memset(allocated + pfn, 1, pages);
				now += pass ? pages : 0;
				most = now > most ? now : most;
			} else if ((pfn = event(line, "mm_page_free:", &pages)) && pfn + pages <= MAX_PFN) {
				/* The first pass finds those that are there from the begin. Pages that were
				 * allocated as one may be freed one by one. */
				for (unsigned long i = pfn; i < pfn + pages; i++) {
					if (pass)
						now--;
					else if (!allocated[i])
						now++;
					allocated[i] = 0;
				}
			}
		}
		fclose(trace);
		memset(allocated, 0, MAX_PFN);
	}
	put("tracing_on", "1");
	free(allocated);
	printf("load: memory %s %lu KiB (%s)\n", path, most * 4, strerror(result));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "memory") == 0 || strcmp(argv[1], "each") == 0) {
		for (int i = 2; i < argc; i++)
			(*argv[1] == 'm' ? measure_memory : load_each)(argv[i]);
	} else {
		load_all(argv[1], argc - 2, argv + 2);
	}
	return 0;
}
