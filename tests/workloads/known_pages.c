/* Processes with exactly known contents. Counts are pages.
 *
 *   known_pages [--advise] [--seed S] [--identical N] [--unique N] [--zero N] [--groups G:K] [--none N]
 *               [--read-only N] [--file N] [--shared N] [--read-fault N] [--locked N]
 *               [--huge H:Z:D] [--children K] [--child-writes N]
 *
 *   --advise        madvise(MADV_MERGEABLE) on all of it; without it only prctl makes it mergeable
 *   --seed S        makes the unique pages differ from those of a process with another seed; the others never differ
 *   --identical N   N pages of content 1
 *   --unique N      N pages that occur once
 *   --zero N        N pages of zeroes that were written (own frames)
 *   --groups G:K    G groups of K equal pages each
 *   --none N        N pages of content 1, then PROT_NONE
 *   --read-only N   N pages of content 1, then PROT_READ
 *   --locked N      N pages of content 1, mlock()ed
 *   --file N        a private mapping of a file of 2N pages: N written with content 1, N only read (no candidates)
 *   --shared N      N pages of content 1 in a shared mapping (no candidates)
 *   --read-fault N  N pages that were only read: they map the zero page (no candidates)
 *   --huge H:Z:D    H huge pages, each with Z subpages of zeroes, D of content 1, the others unique
 *   --children K    K forked children, which keep sharing everything
 *   --child-writes N  each child first rewrites N of the unique pages with contents of its own
 *
 * Prints "ready PID..." (the parent first). */
#include "workload.h"
#include <fcntl.h>
#include <getopt.h>

enum { HUGE_SUBPAGES = 512, MOST_CHILDREN = 64 };

static const uint64_t IDENTICAL = 1, FIRST_GROUP = 1u << 20;

static struct {
	int advise, children;
	unsigned long seed, identical, unique, zero, groups, group_size, none, read_only, locked, file, shared,
		read_fault, huge, huge_zero, huge_identical, child_writes;
} options;

static uint64_t next_unique;
static char *unique_pages;

static void advise(char *start, unsigned long pages)
{
	if (options.advise && madvise(start, pages * PAGE, MADV_MERGEABLE))
		die(EXIT_NOT_PERMITTED, "madvise(MADV_MERGEABLE)");
}

static char *fill_region(unsigned long pages, uint64_t content)
{
	char *start;

	if (pages == 0)
		return NULL;
	start = map_pages(pages);
	for (unsigned long i = 0; i < pages; i++)
		fill_page(start + i * PAGE, content);
	advise(start, pages);
	return start;
}

static void make_unique(void)
{
	if (options.unique == 0)
		return;
	unique_pages = map_pages(options.unique);
	for (unsigned long i = 0; i < options.unique; i++)
		fill_page(unique_pages + i * PAGE, next_unique++);
	advise(unique_pages, options.unique);
}

static void make_groups(void)
{
	unsigned long pages = options.groups * options.group_size;
	char *start;

	if (pages == 0)
		return;
	start = map_pages(pages);
	for (unsigned long i = 0; i < pages; i++)
		fill_page(start + i * PAGE, FIRST_GROUP + i % options.groups);
	advise(start, pages);
}

static void make_file(void)
{
	char path[] = "/tmp/fastksm-known-pages-XXXXXX";
	size_t size = 2 * options.file * PAGE;
	volatile char *start;
	int file;

	if (options.file == 0)
		return;
	file = mkstemp(path);
	if (file < 0 || unlink(path) || ftruncate(file, size))
		die(EXIT_FAILURE, "a file of %zu bytes in /tmp", size);
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	if (start == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of a file");
	for (unsigned long i = 0; i < options.file; i++) {
		fill_page((char *)start + i * PAGE, IDENTICAL);
		(void)start[(options.file + i) * PAGE];
	}
	advise((char *)start, 2 * options.file);
}

static void make_shared(void)
{
	char *start;

	if (options.shared == 0)
		return;
	start = mmap(NULL, options.shared * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of shared memory");
	for (unsigned long i = 0; i < options.shared; i++)
		fill_page(start + i * PAGE, IDENTICAL);
}

static void make_read_faulted(void)
{
	volatile char *start;

	if (options.read_fault == 0)
		return;
	start = map_pages(options.read_fault);
	for (unsigned long i = 0; i < options.read_fault; i++)
		(void)start[i * PAGE];
	advise((char *)start, options.read_fault);
}

static void make_huge(void)
{
	const size_t huge = (size_t)HUGE_SUBPAGES * PAGE;
	unsigned long before;
	char *start;

	if (options.huge == 0)
		return;
	before = anonymous_huge_kilobytes();
	/* Over-allocated, then trimmed to whole huge pages: the rest must not be part of the process. */
	start = mmap(NULL, (options.huge + 1) * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of %lu huge pages", options.huge);
	char *aligned = (char *)(((uintptr_t)start + huge - 1) & ~(huge - 1));
	if (aligned > start)
		munmap(start, aligned - start);
	munmap(aligned + options.huge * huge, start + huge - aligned);
	if (madvise(aligned, options.huge * huge, MADV_HUGEPAGE))
		die(EXIT_NOT_PERMITTED, "madvise(MADV_HUGEPAGE)");
	for (unsigned long i = 0; i < options.huge * HUGE_SUBPAGES; i++) {
		unsigned long subpage = i % HUGE_SUBPAGES;
		uint64_t content = subpage < options.huge_zero ? 0
			: subpage < options.huge_zero + options.huge_identical ? IDENTICAL : next_unique++;

		fill_page(aligned + i * PAGE, content);
	}
	advise(aligned, options.huge * HUGE_SUBPAGES);
	errno = 0;
	if (anonymous_huge_kilobytes() - before != options.huge * huge / 1024)
		die(EXIT_NOT_PERMITTED, "the host did not give %lu transparent huge pages", options.huge);
}

static void protect(char *start, unsigned long pages, int protection)
{
	if (pages && mprotect(start, pages * PAGE, protection))
		die(EXIT_FAILURE, "mprotect");
}

static pid_t fork_child(int number)
{
	pid_t parent = getpid();
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready))
		die(EXIT_FAILURE, "pipe");
	child = fork();
	if (child < 0)
		die(EXIT_FAILURE, "fork");
	if (child == 0) {
		die_with_parent(parent);
		for (unsigned long i = 0; i < options.child_writes && i < options.unique; i++)
			fill_page(unique_pages + i * PAGE,
				next_unique + (uint64_t)number * options.unique + i);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	/* The pipe ends when the child has closed its copy: it has written what it wants to write. */
	close(ready[1]);
	while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ready[0]);
	return child;
}

static void parse_pair(const char *text, unsigned long *numbers, int count)
{
	char copy[128];
	char *rest = copy;

	snprintf(copy, sizeof copy, "%s", text);
	for (int i = 0; i < count; i++) {
		char *field = strsep(&rest, ":");

		if (field == NULL)
			die(EXIT_USAGE, "'%s' does not have %d numbers", text, count);
		numbers[i] = parse_number(field, 1u << 24);
	}
	if (rest)
		die(EXIT_USAGE, "'%s' has more than %d numbers", text, count);
}

static void parse(int argc, char **argv)
{
	enum { SEED = 1000, IDENTICAL_PAGES, UNIQUE, ZERO, GROUPS, NONE, READ_ONLY, LOCKED, FILE_PAGES, SHARED,
		READ_FAULT, HUGE, CHILDREN, CHILD_WRITES };
	static const struct option names[] = {
		{ "advise", no_argument, &options.advise, 1 },
		{ "seed", required_argument, NULL, SEED },
		{ "identical", required_argument, NULL, IDENTICAL_PAGES },
		{ "unique", required_argument, NULL, UNIQUE },
		{ "zero", required_argument, NULL, ZERO },
		{ "groups", required_argument, NULL, GROUPS },
		{ "none", required_argument, NULL, NONE },
		{ "read-only", required_argument, NULL, READ_ONLY },
		{ "locked", required_argument, NULL, LOCKED },
		{ "file", required_argument, NULL, FILE_PAGES },
		{ "shared", required_argument, NULL, SHARED },
		{ "read-fault", required_argument, NULL, READ_FAULT },
		{ "huge", required_argument, NULL, HUGE },
		{ "children", required_argument, NULL, CHILDREN },
		{ "child-writes", required_argument, NULL, CHILD_WRITES },
		{ NULL, 0, NULL, 0 },
	};
	const unsigned long most = 1u << 24;
	unsigned long numbers[3];
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 0: break;
		case SEED: options.seed = parse_number(optarg, 1u << 20); break;
		case IDENTICAL_PAGES: options.identical = parse_number(optarg, most); break;
		case UNIQUE: options.unique = parse_number(optarg, most); break;
		case ZERO: options.zero = parse_number(optarg, most); break;
		case NONE: options.none = parse_number(optarg, most); break;
		case READ_ONLY: options.read_only = parse_number(optarg, most); break;
		case LOCKED: options.locked = parse_number(optarg, most); break;
		case FILE_PAGES: options.file = parse_number(optarg, most); break;
		case SHARED: options.shared = parse_number(optarg, most); break;
		case READ_FAULT: options.read_fault = parse_number(optarg, most); break;
		case CHILDREN: options.children = parse_number(optarg, MOST_CHILDREN); break;
		case CHILD_WRITES: options.child_writes = parse_number(optarg, most); break;
		case GROUPS:
			parse_pair(optarg, numbers, 2);
			options.groups = numbers[0];
			options.group_size = numbers[1];
			break;
		case HUGE:
			parse_pair(optarg, numbers, 3);
			options.huge = numbers[0];
			options.huge_zero = numbers[1];
			options.huge_identical = numbers[2];
			break;
		default: exit(EXIT_USAGE);
		}
	}
	if (optind != argc)
		die(EXIT_USAGE, "'%s' is not an option", argv[optind]);
	if (options.huge_zero + options.huge_identical > HUGE_SUBPAGES)
		die(EXIT_USAGE, "a huge page has %d subpages", HUGE_SUBPAGES);
}

int main(int argc, char **argv)
{
	pid_t pids[MOST_CHILDREN + 1] = { getpid() };
	char *locked;

	parse(argc, argv);
	next_unique = ((uint64_t)options.seed + 1) << 40;

	fill_region(options.identical, IDENTICAL);
	make_unique();
	fill_region(options.zero, 0);
	make_groups();
	protect(fill_region(options.none, IDENTICAL), options.none, PROT_NONE);
	protect(fill_region(options.read_only, IDENTICAL), options.read_only, PROT_READ);
	locked = fill_region(options.locked, IDENTICAL);
	if (locked && mlock(locked, options.locked * PAGE))
		die(EXIT_NOT_PERMITTED, "mlock");
	make_file();
	make_shared();
	make_read_faulted();
	make_huge();

	for (int i = 0; i < options.children; i++)
		pids[i + 1] = fork_child(i);
	announce("ready", pids, options.children + 1);
	wait_for_end_of_input();
	for (int i = 1; i <= options.children; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}
