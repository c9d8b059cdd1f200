/* sparse: a mapping of 1 TiB in which three pages are touched: the first and the last are equal, the middle one is
 * not. Whoever walks it page by page needs minutes; whoever asks for the present pages needs milliseconds. */
#include "workload.h"

int main(void)
{
	const size_t size = (size_t)1 << 40;
	pid_t self = getpid();
	char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		die(EXIT_NOT_PERMITTED, "a mapping of 1 TiB (vm.overcommit_memory is 2, or an address space limit)");
	madvise(start, size, MADV_NOHUGEPAGE);
	fill_page(start, 1);
	fill_page(start + size / 2, 2);
	fill_page(start + size - PAGE, 1);
	announce("ready", &self, 1);
	wait_for_end_of_input();
	return 0;
}
