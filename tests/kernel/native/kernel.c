// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * What the kernel's decoders and peers.c call of a kernel, in a user program. Its memory functions are what
 * the kernel uses on processors with fast short `rep movsb` (FSRM); both sides use them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

void *kernel_memcpy(void *to, const void *from, size_t length)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
	return start;
}

void *kernel_memset(void *to, int byte, size_t length)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
	return start;
}

void *kernel_memmove(void *to, const void *from, size_t length)
{
	char *target = to;
	const char *source = from;

	if (target <= source || target >= source + length)
		return kernel_memcpy(to, from, length);
	while (length--)
		target[length] = source[length];
	return to;
}

/* The kernel's allocators return zeros where they are asked to; these always do. */
void *kmalloc_caches[1024];

void *__kmalloc_cache_noprof(void *cache, unsigned int flags, size_t size)
{
	(void)cache;
	(void)flags;
	return calloc(1, size);
}

void *__kmalloc_large_noprof(size_t size, unsigned int flags)
{
	(void)flags;
	return calloc(1, size);
}

void *__kvmalloc_node_noprof(size_t size, unsigned int flags, int node)
{
	(void)flags;
	(void)node;
	return malloc(size);
}

void *vmalloc_noprof(size_t size)
{
	return malloc(size);
}

void kfree(const void *memory)
{
	free((void *)memory);
}

void kvfree(const void *memory)
{
	free((void *)memory);
}

void vfree(const void *memory)
{
	free((void *)memory);
}

int _printk(const char *format, ...)
{
	va_list list;
	int length;

	va_start(list, format);
	length = vprintf(format, list);
	va_end(list);
	return length;
}

void __warn_printk(const char *format, ...)
{
	puts(format);
	abort();
}

/* Returns and indirect jumps; and in later kernels than 6.12, what WARN() traps by and where the canary is in %gs. */
__asm__(".text\n"
	".globl __x86_return_thunk\n"
	"__x86_return_thunk: ret; int3\n"
	".irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15\n"
	".globl __x86_indirect_thunk_\\register\n"
	"__x86_indirect_thunk_\\register: jmp *%\\register; int3\n"
	".endr\n"
	".globl __SCT__WARN_trap, __SCK__WARN_trap\n"
	"__SCT__WARN_trap: __SCK__WARN_trap: ud2\n"
	".globl __ref_stack_chk_guard\n"
	".set __ref_stack_chk_guard, 40\n");
