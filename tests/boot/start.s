# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
# From a boot loader's hands (Multiboot 0.6.96: protected mode of 32 bits, paging off) into 64 bits, and the
# four functions that compilers call.
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)	# pages aligned, memory told

	.section .text.start, "ax"
	.code32
	.globl start
start:
	mov $stack_end, %esp
	mov %ebx, %edi				# what the loader tells: the argument of boot()

	# Memory up to 1 GiB stays where it is, in pages of 2 MiB.
	movl $directories + 3, tables
	movl $pages + 3, directories
	xor %ecx, %ecx
1:	mov %ecx, %eax
	shl $21, %eax
	or $0x83, %eax				# present, writable, large
	mov %eax, pages(, %ecx, 8)
	inc %ecx
	cmp $512, %ecx
	jne 1b
	mov $tables, %eax
	mov %eax, %cr3
	mov %cr4, %eax
	and $~0x600, %eax			# no SSE: an instruction of it is a fault
	or $0x20, %eax				# physical addresses of 64 bits
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax				# long mode
	wrmsr
	mov %cr0, %eax
	or $0x80000004, %eax			# paging; no x87
	mov %eax, %cr0
	lgdt descriptors_place
	ljmp $8, $long_mode

	.code64
long_mode:
	xor %eax, %eax
	mov %eax, %ss
	mov %eax, %ds
	mov %eax, %es
	call boot
	ud2

	.section .text.memcpy, "ax"
	.globl memcpy
memcpy:
	mov %rdi, %rax
	mov %rdx, %rcx
	rep movsb
	ret

	.section .text.memmove, "ax"
	.globl memmove
memmove:
	mov %rdi, %rax
	mov %rdx, %rcx
	mov %rdi, %r8
	sub %rsi, %r8
	cmp %rdx, %r8
	jb 1f					# the destination begins within the source
	rep movsb
	ret
1:	lea -1(%rdi, %rdx), %rdi
	lea -1(%rsi, %rdx), %rsi
	std
	rep movsb
	cld
	ret

	.section .text.memset, "ax"
	.globl memset
memset:
	mov %rdi, %r8
	mov %esi, %eax
	mov %rdx, %rcx
	rep stosb
	mov %r8, %rax
	ret

	# Only whether they are equal is ever asked.
	.section .text.memcmp, "ax"
	.globl memcmp, bcmp
memcmp:
bcmp:
	mov %rdx, %rcx
	xor %eax, %eax
	repe cmpsb
	setne %al
	ret

	.section .rodata.descriptors, "a"
	.balign 8
descriptors:
	.quad 0, 0x00af9a000000ffff		# code of 64 bits
descriptors_place:
	.word descriptors_place - descriptors - 1
	.long descriptors

	.bss
	.balign 4096
tables:	.skip 4096
directories:
	.skip 4096
pages:	.skip 4096
	.skip 16384
stack_end:
