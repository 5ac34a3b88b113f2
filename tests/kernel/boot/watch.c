// SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
/*
 * Watches the machine's memory from the start of a boot on, and says on SIGUSR1 how much was in use at most.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <time.h>

static volatile sig_atomic_t is_asked;

static void ask(int signal)
{
	(void)signal;
	is_asked = 1;
}

int main(void)
{
	/* Loading a module takes longer. */
	const struct timespec pause = { .tv_nsec = 2000000 };
	unsigned long least = -1UL;
	struct sysinfo info;

	signal(SIGUSR1, ask);
	while (!is_asked) {
		sysinfo(&info);
		if (info.freeram < least)
			least = info.freeram;
		nanosleep(&pause, NULL);
	}
	printf("boot: memory %lu KiB\n", (info.totalram - least) * info.mem_unit / 1024);
	return 0;
}
