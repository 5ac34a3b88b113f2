// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * A loader without an allocator: reads a zstd file from a disk, a sector at a time, and decodes it into memory
 * that was set aside for it, with a decoder in static memory.
 *
 *	sectors DISK >IMAGE
 *
 * DISK is a file that stands for the disk. docs/C.md tells how to compile this.
 */
#include <stdio.h>

#include <pagewise.h>

#define SECTOR 512

/* The decoder. PAGEWISE_CARRY lets it take pieces of input of any size. */
static uint64_t memory[PAGEWISE_SIZE_ZSTD_CARRY / sizeof(uint64_t)];

/* Where the image goes. The decoder copies from it what repeats, so it has no window of its own. */
static unsigned char image[16 << 20];

/* Stands for the driver. Returns how many bytes of the sector belong to the file; 0: the file has ended. */
static size_t read_sector(FILE *disk, unsigned char *sector)
{
	return fread(sector, 1, SECTOR, disk);
}

/* Returns the length of the image, or -1 after saying what is wrong. */
static long load(FILE *disk)
{
	struct pagewise *decoder = (struct pagewise *)memory;
	/* A flat buffer is one page. */
	struct pagewise_page page = { image, sizeof(image) };
	struct pagewise_progress progress;
	unsigned char sector[SECTOR];
	size_t length;
	int result = pagewise_init(decoder, sizeof(memory), PAGEWISE_ZSTD | PAGEWISE_CARRY);

	if (result < 0) {
		fprintf(stderr, "no decoder for zstd in this build of the library\n");
		return -1;
	}
	/* After PAGEWISE_DONE another frame may follow. The last call has no input. */
	do {
		length = read_sector(disk, sector);
		result = pagewise_decode(decoder, sector, length, &page, 1, &progress);
	} while (length > 0 && (result == PAGEWISE_NEED_INPUT || result == PAGEWISE_DONE));

	if (result == PAGEWISE_DONE)
		return (long)progress.written;
	if (result == PAGEWISE_NEED_PAGE) {
		fprintf(stderr, "the image has more than %zu bytes\n", sizeof(image));
	} else {
		size_t count;
		const char *message = pagewise_message(decoder, &count);

		fprintf(stderr, "byte %llu: %.*s\n", (unsigned long long)progress.total_consumed,
			(int)count, message);
	}
	return -1;
}

int main(int argc, char **argv)
{
	FILE *disk = argc == 2 ? fopen(argv[1], "rb") : NULL;
	long length;

	if (!disk) {
		fprintf(stderr, "usage: sectors DISK >IMAGE\n");
		return 2;
	}
	length = load(disk);
	fclose(disk);
	if (length < 0)
		return 1;
	return fwrite(image, 1, (size_t)length, stdout) == (size_t)length && fflush(stdout) == 0 ? 0 : 1;
}
