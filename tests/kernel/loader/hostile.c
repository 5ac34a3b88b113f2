// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Bad modules through the real system call: hostile MODE FILE..., with MODE
 *
 *	damage	cuts and changes each file, and says how many of these are loaded all the same
 *	refuse	the same, but each must be refused with the errno that says why, and all memory must be
 *		free again
 *	starve	fails the first allocation of a load, the second, and so on; all memory must be free again.
 *		With modules that are refused once they are decompressed (ENOEXEC: another kernel's), so
 *		that all allocations are those of decompression
 */
#include <malloc.h>

#include "modules.h"

#define DAMAGED "/tmp/damaged"
/* More than any load makes. */
#define MOST_ALLOCATIONS 5000
/* What else the kernel does took up to 52 pages. A page for each bad file is more. */
#define NOISE (80 * 4096)

enum kind { CUT, CHANGED, TRAILING, FOREIGN };

static int is_strict;
static int tried, taken, wrong;

/* What each kind of damage may be refused with. */
static int is_expected(enum kind kind, int error)
{
	switch (kind) {
	case CUT:
		return error == ENODATA;
	case CHANGED:
		/* A length that was changed can make a file end too early, or too late. */
		return error == EUCLEAN || error == EBADMSG || error == EOPNOTSUPP || error == ENODATA ||
		       error == EINVAL;
	default:
		return error == EINVAL || error == EUCLEAN;
	}
}

static void try(struct bytes file, const char *path, enum kind kind, size_t at)
{
	int copy = open(DAMAGED, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int result;

	if (copy < 0 || write(copy, file.at, file.length) != (ssize_t)file.length)
		fail(DAMAGED);
	close(copy);
	result = load_compressed(DAMAGED);
	tried++;
	if (result == 0) {
		taken++;
		unload(path);
	}
	if (is_strict && !is_expected(kind, result)) {
		printf("hostile: %s, kind %d at %zu: %s\n", path, kind, at, strerror(result));
		wrong++;
	}
}

static void damage(const char *path)
{
	struct bytes file = read_file(path);

	tried = taken = 0;
	/* Ends cut off: a checksum or a part of it, a block, an eighth. */
	for (size_t cut = 1; cut < file.length; cut += cut < 24 ? 1 : file.length / 8)
		try((struct bytes){ file.at, file.length - cut }, path, CUT, cut);
	/* Bits changed at both ends and between. */
	for (int i = 0; i < 64; i++) {
		size_t at = i < 16 ? file.length - 1 - i : file.length / 64 * i;

		file.at[at] ^= 1 << i % 8;
		try(file, path, CHANGED, at);
		file.at[at] ^= 1 << i % 8;
	}
	if (is_strict) {
		/* By nothing that some format allows there, or begins with. */
		memset(file.at + file.length, 0x5a, SLACK);
		try((struct bytes){ file.at, file.length + SLACK }, path, TRAILING, file.length);
		try((struct bytes){ (unsigned char *)"\x7f" "ELF is none", 12 }, path, FOREIGN, 0);
	}
	printf("hostile: damage %s %d of %d taken\n", path, taken, tried);
	free(file.at);
	/* It is not to count as the kernel's. */
	malloc_trim(0);
}

static void check_free(const char *what, unsigned long before)
{
	unsigned long after = free_bytes();

	if (after + NOISE < before) {
		printf("hostile: %s: %lu bytes are not free again\n", what, before - after);
		wrong++;
	}
}

/* Asks the kernel to fail this task's n-th allocation from now on; 0: none. Returns whether the one that was
 * asked for last has come. */
static int fail_nth(int n)
{
	static int file = -1;
	char text[16] = "";

	if (file < 0)
		file = open("/proc/self/fail-nth", O_RDWR);
	if (pread(file, text, sizeof(text) - 1, 0) < 0 || dprintf(file, "%d", n) < 0)
		fail("fail-nth");
	return atoi(text) == 0;
}

static void starve(const char *path)
{
	int n, failed = 0, file = open(path, O_RDONLY);

	if (file < 0)
		fail(path);
	for (n = 1; n < MOST_ALLOCATIONS; n++) {
		int result;

		fail_nth(n);
		result = load_file(file);
		/* It needs fewer. */
		if (!fail_nth(0))
			break;
		/* Some have something else to fall back on. */
		if (result == ENOMEM) {
			failed++;
		} else if (result != ENOEXEC) {
			printf("hostile: %s, allocation %d fails: %s\n", path, n, strerror(result));
			wrong++;
		}
	}
	close(file);
	printf("hostile: starve %s %d allocations, %d of them end it\n", path, n - 1, failed);
	if (failed < 10 || n == MOST_ALLOCATIONS)
		wrong++;
}

int main(int argc, char **argv)
{
	int is_starving;

	if (argc < 3)
		return 2;
	is_strict = strcmp(argv[1], "damage") != 0;
	is_starving = strcmp(argv[1], "starve") == 0;
	for (int i = 2; i < argc; i++) {
		void (*treat)(const char *) = is_starving ? starve : damage;
		unsigned long before;

		treat(argv[i]);
		if (!is_strict)
			continue;
		/* What the first round leaves behind is there once. */
		before = free_bytes();
		treat(argv[i]);
		check_free(argv[i], before);
	}
	return wrong != 0;
}
