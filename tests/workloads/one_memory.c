/* one_memory clone|vfork|thread|leave [UNIQUE [EQUAL]]: one address space that several ids name.
 *
 *   clone    a second process made by clone(CLONE_VM)
 *   vfork    a child of vfork that has not called exec yet
 *   thread   a thread; its id is announced beside the process's
 *   leave    a thread goes on while the main thread has ended
 *
 * UNIQUE pages occur once, EQUAL pages are all alike. Prints "ready PID OTHER". */
#include "workload.h"
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

enum { STACK = 64 * 1024 };

static const uint64_t EQUAL = 1, FIRST_UNIQUE = 1u << 20;

static void stay(pid_t other)
{
	pid_t ids[2] = { getpid(), other };

	announce("ready", ids, 2);
	wait_for_end_of_input();
}

static int cloned(void *argument)
{
	(void)argument;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pause() == -1)
		;
	return 0;
}

static void *go_on(void *leaver)
{
	if (leaver)
		pthread_join(*(pthread_t *)leaver, NULL);
	stay((pid_t)syscall(SYS_gettid));
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	unsigned long unique = argc > 2 ? parse_number(argv[2], 1u << 20) : 400;
	unsigned long equal = argc > 3 ? parse_number(argv[3], 1u << 20) : 100;
	char *pages = map_pages(unique + equal);
	pthread_t thread;
	static pthread_t leaver;

	for (unsigned long i = 0; i < unique + equal; i++)
		fill_page(pages + i * PAGE, i < unique ? FIRST_UNIQUE + i : EQUAL);
	if (strcmp(kind, "clone") == 0) {
		pid_t other = clone(cloned, map_pages(STACK / PAGE) + STACK, CLONE_VM | SIGCHLD, NULL);

		if (other < 0)
			die(EXIT_FAILURE, "clone");
		stay(other);
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	} else if (strcmp(kind, "vfork") == 0) {
		/* The parent stands still until the child ends, so the child speaks for both. */
		pid_t parent = getpid();

		if (vfork() == 0) {
			pid_t ids[2] = { parent, getpid() };

			announce("ready", ids, 2);
			wait_for_end_of_input();
			_exit(0);
		}
	} else if (strcmp(kind, "thread") == 0) {
		if (pthread_create(&thread, NULL, go_on, NULL))
			die(EXIT_FAILURE, "pthread_create");
		pthread_join(thread, NULL);
	} else if (strcmp(kind, "leave") == 0) {
		leaver = pthread_self();
		if (pthread_create(&thread, NULL, go_on, &leaver))
			die(EXIT_FAILURE, "pthread_create");
		pthread_exit(NULL);
	} else {
		die(EXIT_USAGE, "usage: one_memory clone|vfork|thread|leave [UNIQUE [EQUAL]]");
	}
	return 0;
}
