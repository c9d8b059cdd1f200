/* churn SECONDS [SEED]: maps, fills, protects, discards, moves and unmaps memory, forks children that do the same
 * and exit, until its time is over. At most 8 children at a time and 32 MiB in each process.
 *
 * It never comes to rest: for readers that must survive a target that changes under their hands. */
#include "workload.h"
#include <time.h>

enum { REGIONS = 64, MOST_PAGES = 128, MOST_CHILDREN = 8, CHILD_STEPS = 4000 };

static struct { char *start; size_t pages; } regions[REGIONS];
static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static void unmap_region(int i)
{
	if (regions[i].start)
		munmap(regions[i].start, regions[i].pages * PAGE);
	regions[i].start = NULL;
}

static void map_region(int i)
{
	unmap_region(i);
	regions[i].pages = 1 + next_random(MOST_PAGES);
	regions[i].start = map_pages(regions[i].pages);
	for (size_t page = 0; page < regions[i].pages; page += 1 + next_random(3))
		fill_page(regions[i].start + page * PAGE, next_random(64));
}

/* Every part is made writable again before it is written: a protection fault would end the program. */
static void step(void)
{
	static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	int i = next_random(REGIONS);
	char *start = regions[i].start;
	size_t pages = regions[i].pages, first, length;

	if (start == NULL) {
		map_region(i);
		return;
	}
	first = next_random(pages);
	length = 1 + next_random(pages - first);
	switch (next_random(8)) {
	case 0:
		unmap_region(i);
		break;
	case 1:
		map_region(i);
		break;
	case 2:
	case 3:
		mprotect(start + first * PAGE, length * PAGE, protections[next_random(3)]);
		break;
	case 4:
		madvise(start + first * PAGE, length * PAGE, MADV_DONTNEED);
		break;
	case 5:
		mprotect(start, pages * PAGE, PROT_READ | PROT_WRITE);
		start = mremap(start, pages * PAGE, pages * PAGE * 2, MREMAP_MAYMOVE);
		if (start != MAP_FAILED && pages * 2 <= MOST_PAGES) {
			regions[i].start = start;
			regions[i].pages = pages * 2;
		} else if (start != MAP_FAILED) {
			regions[i].start = mremap(start, pages * PAGE * 2, pages * PAGE, 0);
		}
		break;
	default:
		mprotect(start + first * PAGE, length * PAGE, PROT_READ | PROT_WRITE);
		for (size_t page = first; page < first + length; page++)
			fill_page(start + page * PAGE, next_random(64));
	}
}

static void fork_child(void)
{
	pid_t parent = getpid();
	uint64_t seed = random_state ^ next_random(UINT32_MAX);
	pid_t child = fork();

	if (child != 0)
		return;
	die_with_parent(parent);
	random_state = seed | 1;
	for (uint64_t i = 0, steps = next_random(CHILD_STEPS); i < steps; i++)
		step();
	_exit(0);
}

int main(int argc, char **argv)
{
	struct timespec now;
	pid_t self = getpid();
	time_t end;
	int children = 0;

	if (argc < 2)
		die(EXIT_USAGE, "usage: churn SECONDS [SEED]");
	random_state = (argc > 2 ? parse_number(argv[2], 1u << 30) : 1) * 2 + 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)parse_number(argv[1], 3600);
	announce("ready", &self, 1);
	while (now.tv_sec < end) {
		for (int i = 0; i < 50; i++)
			step();
		while (children > 0 && waitpid(-1, NULL, children == MOST_CHILDREN ? 0 : WNOHANG) > 0)
			children--;
		fork_child();
		children++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return 0;
}
