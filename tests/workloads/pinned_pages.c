/* pinned_pages FIRST COUNT: 400 equal, 100 zero and 100 unique pages, all marked mergeable, of which COUNT equal ones
 * from number FIRST are registered as a buffer of an io_uring: the kernel holds them, and ksmd cannot merge them.
 *
 * Prints "ready PID". */
#include "workload.h"
#include <sys/syscall.h>
#include <sys/uio.h>

enum { EQUAL_PAGES = 400, ZERO_PAGES = 100, UNIQUE_PAGES = 100, RING_PARAMETERS = 120, REGISTER_BUFFERS = 0 };

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_register 427
#endif

int main(int argc, char **argv)
{
	unsigned long first, count, all = EQUAL_PAGES + ZERO_PAGES + UNIQUE_PAGES;
	char parameters[RING_PARAMETERS] = { 0 };
	struct iovec buffer;
	pid_t self = getpid();
	char *pages;
	long ring;

	if (argc != 3)
		die(EXIT_USAGE, "usage: pinned_pages FIRST COUNT");
	first = parse_number(argv[1], EQUAL_PAGES);
	count = parse_number(argv[2], EQUAL_PAGES - first);
	pages = map_pages(all);
	for (unsigned long i = 0; i < all; i++)
		fill_page(pages + i * PAGE, i < EQUAL_PAGES ? 1 : i < EQUAL_PAGES + ZERO_PAGES ? 0 : i);
	ring = syscall(SYS_io_uring_setup, 4, parameters);
	if (ring < 0)
		die(EXIT_NOT_PERMITTED, "io_uring_setup");
	buffer.iov_base = pages + first * PAGE;
	buffer.iov_len = count * PAGE;
	if (count && syscall(SYS_io_uring_register, ring, REGISTER_BUFFERS, &buffer, 1))
		die(EXIT_NOT_PERMITTED, "io_uring_register");
	if (madvise(pages, all * PAGE, MADV_MERGEABLE))
		die(EXIT_NOT_PERMITTED, "madvise(MADV_MERGEABLE)");
	announce("ready", &self, 1);
	wait_for_end_of_input();
	return 0;
}
