/* Folios with exactly known contents, at ascending addresses in the order of the arguments.
 *
 *   folios [--children K] [--child-writes N] [--unadvised] REGION...
 *
 *   REGION is KIND:PAGES[*COUNT], and COUNT such regions follow each other. Whatever PAGES leaves of a folio is unique.
 *
 *   KIND   huge         a huge page of 2 MiB
 *          locked-huge  the same, mlock()ed
 *          mid          a folio of 64 KiB (the host must give them: hugepages-64kB)
 *          locked-mid   the same, mlock()ed
 *          small        base pages, as many as PAGES names
 *          locked-small the same, mlock()ed
 *   PAGES  a list with commas: zN N pages of zeroes, uN N unique pages, eC one page of content C, eCxN N of them
 *
 * Each of the children first rewrites N pages, from the first region's first on, with contents of its own.
 * Only the regions are marked mergeable, with --unadvised not even they. Prints "ready PID..." (the parent first). */
#include "workload.h"

enum { HUGE_SUBPAGES = 512, MID_SUBPAGES = 16, MOST_CHILDREN = 64, MOST_PAGES = 1 << 22 };

static uint64_t next_unique = (uint64_t)1 << 41;
static char *cursor;
static char *first_region;
static char *end_of_room;
static int unadvised;

struct kind {
	const char *name;
	int pages; /* of one folio; 0: base pages */
	int locked;
};

static const struct kind kinds[] = {
	{ "huge", HUGE_SUBPAGES, 0 }, { "locked-huge", HUGE_SUBPAGES, 1 }, { "mid", MID_SUBPAGES, 0 },
	{ "locked-mid", MID_SUBPAGES, 1 }, { "small", 0, 0 }, { "locked-small", 0, 1 },
};

static const struct kind *find_kind(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].name) == length && strncmp(kinds[i].name, text, length) == 0)
			return &kinds[i];
	die(EXIT_USAGE, "'%s' does not begin with a kind of region and a colon", text);
}

/* Each region begins on a boundary of 2 MiB behind a gap, so that no two of them share a folio or a VMA. */
static char *open_region(unsigned long pages, int huge)
{
	const uintptr_t alignment = (uintptr_t)HUGE_SUBPAGES * PAGE;
	char *start = (char *)(((uintptr_t)cursor + alignment) & ~(alignment - 1));

	if (start + pages * PAGE > end_of_room)
		die(EXIT_USAGE, "the regions take more than %ld pages", (end_of_room - cursor) / PAGE);
	if (mmap(start, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start)
		die(EXIT_FAILURE, "mmap of %lu pages", pages);
	if (madvise(start, pages * PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && huge)
		die(EXIT_NOT_PERMITTED, "madvise(MADV_HUGEPAGE)");
	if (first_region == NULL)
		first_region = start;
	cursor = start + pages * PAGE;
	return start;
}

/* One item of a list of pages. Returns what follows it. */
static const char *parse_item(const char *text, uint64_t *content, unsigned long *count)
{
	char *rest;

	errno = 0;
	if (*text == 'z' || *text == 'u') {
		*content = 0;
		*count = strtoul(text + 1, &rest, 10);
	} else if (*text == 'e') {
		*content = strtoull(text + 1, &rest, 10);
		*count = *rest == 'x' ? strtoul(rest + 1, &rest, 10) : 1;
		if (*content == 0 || *content >= (uint64_t)1 << 40)
			die(EXIT_USAGE, "'%s': a content is from 1 to 2^40 - 1", text);
	} else {
		die(EXIT_USAGE, "'%s' is not z, u or e with a number", text);
	}
	if (errno || *count > MOST_PAGES || (*rest != ',' && *rest != '*' && *rest != '\0'))
		die(EXIT_USAGE, "'%s' is not z, u or e with a number", text);
	return rest;
}

static unsigned long count_pages(const char *list)
{
	unsigned long pages = 0, count;
	uint64_t content;

	for (const char *rest = list;; rest++) {
		rest = parse_item(rest, &content, &count);
		pages += count;
		if (*rest != ',')
			return pages;
	}
}

static void fill(char *start, unsigned long pages, const char *list)
{
	unsigned long filled = 0, count;
	uint64_t content;

	for (const char *rest = list;; rest++) {
		const char *item = rest;

		rest = parse_item(rest, &content, &count);
		for (unsigned long i = 0; i < count; i++)
			fill_page(start + filled++ * PAGE, *item == 'u' ? next_unique++ : content);
		if (*rest != ',')
			break;
	}
	while (filled < pages)
		fill_page(start + filled++ * PAGE, next_unique++);
}

static void make_regions(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *star = strchr(text, '*');
	const struct kind *kind = find_kind(text, colon ? (size_t)(colon - text) : strlen(text));
	unsigned long count = star ? parse_number(star + 1, MOST_PAGES) : 1;
	unsigned long listed = colon ? count_pages(colon + 1) : 0;
	unsigned long pages = kind->pages ? (unsigned long)kind->pages : listed;

	if (colon == NULL || pages == 0 || listed > pages)
		die(EXIT_USAGE, "'%s': a list of pages that fits must follow the colon", text);
	for (unsigned long i = 0; i < count; i++) {
		char *start = open_region(pages, kind->pages != 0);

		fill(start, pages, colon + 1);
		if (kind->locked && mlock(start, pages * PAGE))
			die(EXIT_NOT_PERMITTED, "mlock");
		if (!unadvised && madvise(start, pages * PAGE, MADV_MERGEABLE))
			die(EXIT_NOT_PERMITTED, "madvise(MADV_MERGEABLE)");
	}
}

static pid_t fork_child(unsigned long number, unsigned long writes)
{
	pid_t parent = getpid();
	pid_t child;
	int done[2];
	char nothing;

	if (pipe(done))
		die(EXIT_FAILURE, "pipe");
	child = fork();
	if (child < 0)
		die(EXIT_FAILURE, "fork");
	if (child == 0) {
		die_with_parent(parent);
		for (unsigned long i = 0; i < writes; i++)
			fill_page(first_region + i * PAGE, next_unique + number * MOST_PAGES + i);
		close(done[0]);
		close(done[1]);
		for (;;)
			pause();
	}
	/* The pipe ends when the child has closed its copy: it has written what it wants to write. */
	close(done[1]);
	if (read(done[0], &nothing, 1) != 0)
		die(EXIT_FAILURE, "read");
	close(done[0]);
	return child;
}

int main(int argc, char **argv)
{
	const size_t room = (size_t)MOST_PAGES * PAGE;
	pid_t pids[MOST_CHILDREN + 1] = { getpid() };
	unsigned long children = 0, writes = 0;
	int first = 1;

	for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
		if (strcmp(argv[first], "--unadvised") == 0)
			unadvised = 1;
		else if (strcmp(argv[first], "--children") == 0 && first + 1 < argc)
			children = parse_number(argv[++first], MOST_CHILDREN);
		else if (strcmp(argv[first], "--child-writes") == 0 && first + 1 < argc)
			writes = parse_number(argv[++first], HUGE_SUBPAGES);
		else
			die(EXIT_USAGE, "'%s' is not an option", argv[first]);
	}
	if (first == argc)
		die(EXIT_USAGE, "say which regions");
	cursor = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (cursor == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of %zu bytes", room);
	end_of_room = cursor + room;
	for (int i = first; i < argc; i++)
		make_regions(argv[i]);

	for (unsigned long i = 0; i < children; i++)
		pids[i + 1] = fork_child(i, writes);
	announce("ready", pids, children + 1);
	wait_for_end_of_input();
	for (unsigned long i = 1; i <= children; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}
