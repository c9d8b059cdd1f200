// Frames of a script's pages are moved by compaction, which is what moves pages on a kernel with one node. It moves them from the
// low end of a zone to free frames near its high end, until both have come to the same place, and leaves blocks alone that are
// free altogether. So that it moves the script's, memory is got ready before the script's first page: ballast is allocated, and
// of its lowest frames every other one given back, last of all the lowest. The next pages that are touched on that CPU get
// them. When the pages are to move, the rest of the ballast is given back but for the first frame of each block: there is room
// above then, and little below that would be moved first. Frames that have moved lie high, and will not move again.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"

enum { BALLAST_BYTES = 256 << 20, MEMORY_SHARE = 4, LOW_SHARE = 4 };

// Pages of the unit in which compaction thinks, at most: a huge page. Where it is smaller, more blocks are free, and no use.
enum { BLOCK_PAGES = 512 };

struct page {
    uint64_t frame;
    uint8_t *address;
};

static const uint64_t frame_mask = (1ULL << 55) - 1;
static uint8_t *ballast;
static struct page *pages; // In ascending order of frames.
static cpu_set_t cpus;     // Where the agent could run before.

static size_t page_count(void) { return BALLAST_BYTES / memory_page_size(); }

static int by_frame(const void *left, const void *right) {
    uint64_t a = ((const struct page *)left)->frame, b = ((const struct page *)right)->frame;
    return (a > b) - (a < b);
}

static int find_frames(void) {
    static uint64_t entries[512];
    size_t count = sizeof entries / sizeof entries[0], size = memory_page_size();
    int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    int error = file < 0 ? errno : 0;
    for (size_t first = 0; error == 0 && first < page_count(); first += count) {
        if (pread(file, entries, sizeof entries, (off_t)(((uintptr_t)ballast / size + first) * sizeof entries[0])) != sizeof entries) {
            error = EIO;
        }

        for (size_t i = 0; i < count; i++) {
            pages[first + i] = (struct page){entries[i] & frame_mask, ballast + ((first + i) * size)};
        }
    }

    if (file >= 0) {
        close(file);
    }

    qsort(pages, page_count(), sizeof *pages, by_frame);
    return error;
}

static void give_back(const struct page *page) { (void)madvise(page->address, memory_page_size(), MADV_DONTNEED); }

// What one CPU gives back is on its own list, and those that it has forked stay on it.
static int stay_on_this_cpu(void) {
    cpu_set_t one;
    int cpu = sched_getcpu();
    if (cpu < 0 || sched_getaffinity(0, sizeof cpus, &cpus) != 0) {
        return errno;
    }

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 ? 0 : errno;
}

int room_begin(void) {
    room_end();
    uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * memory_page_size();
    if (access("/proc/sys/vm/compact_memory", W_OK) != 0) {
        return errno;
    }

    int error = free_bytes / MEMORY_SHARE < BALLAST_BYTES ? ENOMEM : stay_on_this_cpu();
    if (error != 0) {
        return error;
    }

    ballast = mmap(NULL, BALLAST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (ballast == MAP_FAILED) {
        ballast = NULL;
        error = errno;
    }

    pages = error == 0 ? calloc(page_count(), sizeof *pages) : NULL;
    error = error != 0 ? error : pages == NULL ? ENOMEM : find_frames();
    if (error != 0) {
        room_end();
        return error;
    }

    // One of two, so that they stay single and are not joined to larger areas, which are used last.
    for (size_t i = page_count() / LOW_SHARE; i-- > 0;) {
        if ((pages[i].frame & 1) != 0) {
            give_back(&pages[i]);
        }
    }

    return 0;
}

int room_use(void) {
    if (ballast == NULL) {
        return ENODEV;
    }

    for (size_t i = page_count() / LOW_SHARE; i < page_count(); i++) {
        if (pages[i].frame % BLOCK_PAGES != 0) {
            give_back(&pages[i]);
        }
    }

    // The write returns when compaction is done.
    int file = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
    int error = file >= 0 && write(file, "1", 1) == 1 ? 0 : errno;
    if (file >= 0) {
        close(file);
    }

    return error;
}

void room_end(void) {
    if (ballast != NULL) {
        munmap(ballast, BALLAST_BYTES);
        ballast = NULL;
        (void)sched_setaffinity(0, sizeof cpus, &cpus);
    }

    free(pages);
    pages = NULL;
}
