/* many_vmas [COUNT]: a process with COUNT mappings of one page each (default 60,000), alternately writable and
 * read-only; page i and page i + COUNT/2 are equal. All of them hang off one anon_vma. */
#include "workload.h"

static unsigned long most_mappings(void)
{
	unsigned long value = 65530;
	FILE *file = fopen("/proc/sys/vm/max_map_count", "r");

	if (file) {
		if (fscanf(file, "%lu", &value) != 1)
			value = 65530;
		fclose(file);
	}
	return value;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? parse_number(argv[1], 1u << 22) : 60000;
	pid_t self = getpid();
	char *start;

	/* A few dozen mappings belong to the program itself. */
	if (count + 64 > most_mappings()) {
		errno = 0;
		die(EXIT_NOT_PERMITTED, "vm.max_map_count is %lu; %lu mappings need more", most_mappings(), count);
	}
	start = map_pages(count);
	for (unsigned long i = 0; i < count; i++)
		fill_page(start + i * PAGE, 1 + i % (count / 2 ? count / 2 : 1));
	for (unsigned long i = 1; i < count; i += 2)
		if (mprotect(start + i * PAGE, PAGE, PROT_READ))
			die(EXIT_FAILURE, "mprotect of mapping %lu", i);
	announce("ready", &self, 1);
	wait_for_end_of_input();
	return 0;
}
