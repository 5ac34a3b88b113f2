// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * painted FILE...
 *	decodes each file as each format, on a stack that was painted before, and prints of how many
 *	bytes of it pagewise_decode() has changed the paint
 */
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "pagewise.h"
#include "user.h"

#define PAINT 0xa5
#define MAX_OUTPUT (1 << 20)

static unsigned char stack[1 << 16] __attribute__((aligned(16)));
static unsigned char output[MAX_OUTPUT];
static struct pagewise_page pages[MAX_OUTPUT / 64];
static struct pagewise_progress progress;

/* The arguments and the result of one call, which runs on the painted stack. */
static struct pagewise *decoder;
static const unsigned char *input;
static size_t length, page_count;
static int result;
/* Where the stack ends when pagewise_decode() is called: its return address is the next below. */
static uintptr_t top;

static void painted_call(void)
{
	__asm__ volatile("mov %%rsp, %0" : "=r"(top));
	result = pagewise_decode(decoder, input, length, pages, page_count, &progress);
}

static int call_on_painted_stack(void)
{
	static ucontext_t here, there;

	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = &here;
	makecontext(&there, painted_call, 0);
	swapcontext(&here, &there);
	return result;
}

/* As much as fits into the output, from pieces of the file. Returns whether the stream has ended. */
static int decode(int format, struct bytes file, size_t page_length, size_t piece)
{
	size_t at = 0, want = piece;

	if (pagewise_init(decoder, pagewise_size(PAGEWISE_ANY), format))
		exit(1);
	for (page_count = 0;;) {
		input = file.at + at;
		length = file.length - at < want ? file.length - at : want;
		call_on_painted_stack();
		at += progress.consumed;
		if (result == PAGEWISE_NEED_PAGE) {
			if ((page_count + 1) * page_length > MAX_OUTPUT)
				return 0;
			pages[page_count].data = output + page_count * page_length;
			pages[page_count++].length = page_length;
		} else if (result == PAGEWISE_NEED_INPUT && at + length - progress.consumed < file.length) {
			want = progress.min > piece ? progress.min : piece;
		} else {
			return result == PAGEWISE_DONE;
		}
	}
}

int main(int argc, char **argv)
{
	int ended = 0;
	size_t painted = 0;

	decoder = malloc(pagewise_size(PAGEWISE_ANY));
	memset(stack, PAINT, sizeof(stack));
	for (int i = 1; i < argc; i++) {
		struct bytes file = read_file(argv[i]);

		for (int format = PAGEWISE_ANY; format <= PAGEWISE_ZSTD; format++) {
			ended += decode(format, file, 4096, file.length);
			ended += decode(format, file, 64, 5);
		}
	}
	while (stack[painted] == PAINT)
		painted++;
	/* The stack was too small, or no file was any good. */
	if (painted == 0 || ended == 0)
		return 1;
	printf("%zu\n", (size_t)(top - 8 - (uintptr_t)(stack + painted)));
	return 0;
}
