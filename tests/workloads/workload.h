/* Shared by the workload programs: exactly defined page contents, mappings without huge pages, and the
 * start-up protocol. A workload prints one line, "ready PID...", when everything it wants to hold is in memory; then
 * it stays as it is until its standard input ends or a signal ends it. Exit codes: 0 done, 1 failed, 2 bad usage,
 * 3 the host does not permit it (the reason is on stderr). */
#ifndef FASTKSM_WORKLOAD_H
#define FASTKSM_WORKLOAD_H

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, EXIT_USAGE = 2, EXIT_NOT_PERMITTED = 3 };

__attribute__((noreturn, format(printf, 2, 3)))
static inline void die(int code, const char *format, ...)
{
	va_list arguments;
	int error = errno;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (code != EXIT_USAGE && error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	exit(code);
}

/* Content 0 is all zeroes; content n > 0 is the first 512 outputs of SplitMix64 with state n. */
static inline void fill_page(void *page, uint64_t content)
{
	uint64_t *words = page;
	uint64_t state = content;

	if (content == 0) {
		/* A volatile store: the page must be faulted in for writing, though its bytes do not change. */
		*(volatile uint64_t *)words = 0;
		memset(words, 0, PAGE);
		return;
	}
	for (int i = 0; i < PAGE / 8; i++) {
		uint64_t z = state += 0x9E3779B97F4A7C15u;

		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
		words[i] = z ^ (z >> 31);
	}
}

/* Private anonymous memory of base pages, whatever the host's setting of transparent huge pages is. */
static inline char *map_pages(size_t pages)
{
	char *start = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		die(EXIT_FAILURE, "mmap of %zu pages", pages);
	madvise(start, pages * PAGE, MADV_NOHUGEPAGE);
	return start;
}

/* Memory in transparent huge pages, in kilobytes. */
static inline unsigned long anonymous_huge_kilobytes(void)
{
	char line[256];
	unsigned long value = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");

	while (file && fgets(line, sizeof line, file))
		sscanf(line, "AnonHugePages: %lu", &value);
	if (file)
		fclose(file);
	return value;
}

static inline unsigned long parse_number(const char *text, unsigned long highest)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-' || value > highest)
		die(EXIT_USAGE, "'%s' is not a number from 0 to %lu", text, highest);
	return value;
}

/* A forked child calls this first: it does not outlive its parent. */
static inline void die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static inline void wait_for_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR)
		errno = 0;
}

/* No stdio: its buffer would be one more page of the process. */
static inline void announce(const char *what, const pid_t *pids, int count)
{
	char line[4096];
	int length = snprintf(line, sizeof line, "%s", what);

	for (int i = 0; i < count && length < (int)sizeof line - 16; i++)
		length += snprintf(line + length, sizeof line - length, " %d", (int)pids[i]);
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, length) != length)
		exit(EXIT_FAILURE);
}

#endif
