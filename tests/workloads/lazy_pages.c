/* lazy_pages PAGES: memory registered with userfaultfd whose handler never answers, as of a snapshot that is restored
 * lazily by a server that is down. A thread drops the pages that are there and puts them back, all the time.
 *
 * Prints "ready PID". When its input ends it prints "faults N": how many faults the handler was told of. The program
 * itself raises none, so each was raised by a reader. */
#include "workload.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

enum { STRETCH = 64 };

static int faults_fd;
static char *pages, *source;
static unsigned long page_count;
static atomic_long faults;
static atomic_int is_over;

static void put_back(char *start)
{
	struct uffdio_copy copy = {
		.dst = (uint64_t)(uintptr_t)start, .src = (uint64_t)(uintptr_t)source, .len = STRETCH * PAGE,
	};

	while (ioctl(faults_fd, UFFDIO_COPY, &copy) && errno == EAGAIN) {
		if (copy.copy > 0) {
			copy.dst += copy.copy;
			copy.src += copy.copy;
			copy.len -= copy.copy;
		}
		copy.copy = 0;
	}
}

static void *count_faults(void *argument)
{
	struct pollfd wait = { .fd = faults_fd, .events = POLLIN };
	struct uffd_msg message;

	while (!is_over) {
		if (poll(&wait, 1, 20) > 0 && read(faults_fd, &message, sizeof message) == sizeof message
			&& message.event == UFFD_EVENT_PAGEFAULT)
			faults++;
	}
	return argument;
}

static void *drop_and_put_back(void *argument)
{
	while (!is_over) {
		for (unsigned long i = 0; i < page_count && !is_over; i += STRETCH) {
			madvise(pages + i * PAGE, STRETCH * PAGE, MADV_DONTNEED);
			put_back(pages + i * PAGE);
		}
	}
	return argument;
}

int main(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pid_t self = getpid();
	pthread_t threads[2];
	pid_t told;

	page_count = argc > 1 ? parse_number(argv[1], 1u << 20) / STRETCH * STRETCH : 0;
	if (page_count == 0)
		die(EXIT_USAGE, "usage: lazy_pages PAGES, at least %d", STRETCH);
	pages = map_pages(page_count);
	source = map_pages(STRETCH);
	for (int i = 0; i < STRETCH; i++)
		fill_page(source + i * PAGE, 1 + i);
	faults_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (faults_fd < 0 || ioctl(faults_fd, UFFDIO_API, &api))
		die(EXIT_NOT_PERMITTED, "userfaultfd");
	range.range.start = (uint64_t)(uintptr_t)pages;
	range.range.len = page_count * PAGE;
	if (ioctl(faults_fd, UFFDIO_REGISTER, &range))
		die(EXIT_NOT_PERMITTED, "userfaultfd: register");
	for (unsigned long i = 0; i < page_count; i += STRETCH)
		put_back(pages + i * PAGE);
	if (pthread_create(&threads[0], NULL, count_faults, NULL)
		|| pthread_create(&threads[1], NULL, drop_and_put_back, NULL))
		die(EXIT_FAILURE, "pthread_create");
	announce("ready", &self, 1);
	wait_for_end_of_input();
	is_over = 1;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	told = (pid_t)faults;
	announce("faults", &told, 1);
	return 0;
}
