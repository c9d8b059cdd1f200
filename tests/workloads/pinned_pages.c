/* pinned_pages FIRST COUNT [huge]: 400 equal, 100 zero and 100 unique pages, all marked mergeable, of which COUNT equal
 * ones from number FIRST are registered as a buffer of an io_uring: the kernel holds them, and ksmd cannot merge them.
 * With "huge" they begin with a huge page: its 400 equal pages, 100 zero and 12 of the unique ones.
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

/* Two huge pages' room, of which the first huge page's place is used; the pages behind it are small. */
static char *map_huge(unsigned long pages)
{
	const uintptr_t huge = 512 * PAGE;
	char *start = mmap(NULL, 3 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned;

	if (start == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of a huge page");
	aligned = (char *)(((uintptr_t)start + huge - 1) & ~(huge - 1));
	if (madvise(aligned, huge, MADV_HUGEPAGE))
		die(EXIT_NOT_PERMITTED, "madvise(MADV_HUGEPAGE)");
	madvise(aligned + huge, pages * PAGE - huge, MADV_NOHUGEPAGE);
	return aligned;
}

int main(int argc, char **argv)
{
	unsigned long first, count, all = EQUAL_PAGES + ZERO_PAGES + UNIQUE_PAGES;
	char parameters[RING_PARAMETERS] = { 0 };
	struct iovec buffer;
	pid_t self = getpid();
	char *pages;
	long ring;

	if (argc < 3)
		die(EXIT_USAGE, "usage: pinned_pages FIRST COUNT [huge]");
	first = parse_number(argv[1], EQUAL_PAGES);
	count = parse_number(argv[2], EQUAL_PAGES - first);
	pages = argc > 3 ? map_huge(all) : map_pages(all);
	for (unsigned long i = 0; i < all; i++)
		fill_page(pages + i * PAGE, i < EQUAL_PAGES ? 1 : i < EQUAL_PAGES + ZERO_PAGES ? 0 : i);
	errno = 0;
	if (argc > 3 && anonymous_huge_kilobytes() < 512 * PAGE / 1024)
		die(EXIT_NOT_PERMITTED, "the host did not give a transparent huge page");
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
