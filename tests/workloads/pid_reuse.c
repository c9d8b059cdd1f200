/* pid_reuse [MILLISECONDS SECONDS]: gives the pid of a dead process to a new one.
 *
 * Prints "ready PID" (a process named "first", 64 pages of content 11). On every line read from standard input, or
 * every MILLISECONDS for SECONDS, the process is killed, a new one takes its pid (named "second", then "first" again,
 * 64 pages of content 22 or 11), and "reused PID" is printed. A reader that opened /proc/PID before must not count
 * the successor's pages as the predecessor's. Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN (exit 3 without). */
#include "workload.h"
#include <linux/sched.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

enum { PAGES = 64 };

/* The child has the wanted pid, or there is none: there is no race with other processes that are started. */
static pid_t fork_with_pid(pid_t wanted)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = wanted ? (uintptr_t)&wanted : 0,
		.set_tid_size = wanted ? 1 : 0,
	};

	return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static pid_t start_holder(pid_t wanted, int generation)
{
	pid_t parent = getpid();
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		die(EXIT_FAILURE, "pipe");
	child = fork_with_pid(wanted);
	if (child < 0)
		die(errno == EPERM || errno == ENOSYS ? EXIT_NOT_PERMITTED : EXIT_FAILURE,
			"clone3 with pid %d", (int)wanted);
	if (child == 0) {
		char *pages;

		die_with_parent(parent);
		prctl(PR_SET_NAME, generation % 2 ? "second" : "first");
		pages = map_pages(PAGES);
		for (int i = 0; i < PAGES; i++)
			fill_page(pages + i * PAGE, generation % 2 ? 22 : 11);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
	return child;
}

static int wait_for_turn(int milliseconds, time_t end)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec now;
	char byte;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (milliseconds >= 0 && now.tv_sec >= end)
		return 0;
	if (poll(&input, 1, milliseconds) == 0)
		return 1;
	do {
		if (read(STDIN_FILENO, &byte, 1) <= 0)
			return 0;
	} while (byte != '\n');
	return 1;
}

int main(int argc, char **argv)
{
	int milliseconds = argc > 2 ? (int)parse_number(argv[1], 60000) : -1;
	struct timespec now;
	int generation = 0;
	time_t end;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (argc > 2 ? (time_t)parse_number(argv[2], 3600) : 0);
	pid = start_holder(0, generation);
	announce("ready", &pid, 1);
	while (wait_for_turn(milliseconds, end)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		start_holder(pid, ++generation);
		announce("reused", &pid, 1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
