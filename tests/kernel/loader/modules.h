/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */
/* Compressed modules, to and from the kernel, for the programs beside this file. */
#ifndef MODULES_H
#define MODULES_H

#include <errno.h>
#include <linux/module.h>
#include <string.h>
#include <sys/syscall.h>

#include "user.h"

/* By the kernel's own decompression. Returns an errno. */
static inline int load_file(int file)
{
	return syscall(SYS_finit_module, file, "", MODULE_INIT_COMPRESSED_FILE) ? errno : 0;
}

static inline int load_compressed(const char *path)
{
	int file = open(path, O_RDONLY);
	int result;

	if (file < 0)
		fail(path);
	result = load_file(file);
	close(file);
	return result;
}

/* The module's name, from the file's. */
static inline void unload(const char *path)
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

/* Free memory, with what processors hold for themselves: they hold some MiB, now more and now less. */
static inline unsigned long free_bytes(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "r");
	unsigned long pages = 0, count;
	char line[256];

	if (!zones)
		fail("/proc/zoneinfo");
	while (fgets(line, sizeof(line), zones)) {
		if (sscanf(line, " nr_free_pages %lu", &count) == 1 || sscanf(line, " count: %lu", &count) == 1)
			pages += count;
	}
	fclose(zones);
	return pages * sysconf(_SC_PAGESIZE);
}

#endif
