/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only */
/* What the kernel tests' programs in user space have in common. */
#ifndef USER_H
#define USER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Behind the bytes of a file there is room for some more. */
#define SLACK 4

struct bytes {
	unsigned char *at;
	size_t length;
};

static inline void fail(const char *what)
{
	perror(what);
	exit(2);
}

static inline struct bytes read_file(const char *path)
{
	int file = open(path, O_RDONLY);
	struct bytes bytes;
	struct stat status;

	if (file < 0 || fstat(file, &status))
		fail(path);
	bytes.length = status.st_size;
	bytes.at = malloc(bytes.length + SLACK);
	if (!bytes.at || read(file, bytes.at, bytes.length) != (ssize_t)bytes.length)
		fail(path);
	close(file);
	return bytes;
}

/* Nanoseconds. */
static inline unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

#endif
