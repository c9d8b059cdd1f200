#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"

enum { MAX_RANGES = 64, MAPS_SIZE = 1 << 20 };

struct range {
    uintptr_t start;
    uintptr_t end;
    bool is_writable;
};

static struct range own[MAX_RANGES];
static int own_count;
static char text[MAPS_SIZE];

// Into static memory: nothing here may map anything.
static const char *read_maps(void) {
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    for (long got = 1; file >= 0 && got > 0 && length < sizeof text - 1; length += got > 0 ? (size_t)got : 0) {
        got = read(file, text + length, sizeof text - 1 - length);
    }

    if (file >= 0) {
        close(file);
    }

    text[length] = '\0';
    return text;
}

static const char *next_range(const char *at, struct range *range) {
    char *end;
    range->start = strtoul(at, &end, 16);
    if (*end != '-') {
        return NULL;
    }

    range->end = strtoul(end + 1, &end, 16);
    range->is_writable = end[0] == ' ' && end[1] != '\0' && end[2] == 'w';
    const char *line = strchr(end, '\n');
    return line == NULL ? end + strlen(end) : line + 1;
}

// What is mapped where there is room comes to lie below this, at the same place in its page table as on the engine, whose memory ends at
// the end of one: which tables go with a mapping depends on it. Shared, so that nothing of a script merges with it.
static void align_room(void) {
    const size_t table = 2UL << 20;
    size_t page = memory_page_size();
    char *highest = mmap(NULL, page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (highest != MAP_FAILED) {
        size_t over = (uintptr_t)highest & (table - 1);
        if (over != 0) {
            (void)mmap(highest - over, over, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        }
    }
}

void own_memory_remember(void) {
    struct range range;
    align_room();
    own_count = 0;
    for (const char *at = read_maps(); own_count < MAX_RANGES && (at = next_range(at, &range)) != NULL;) {
        own[own_count++] = range;
    }
}

// A mapping of the program that has grown since (the stack) still meets what it was.
static bool is_own(const struct range *range) {
    for (int i = 0; i < own_count; i++) {
        if (own[i].start < range->end && range->start < own[i].end) {
            return true;
        }
    }

    return false;
}

int own_memory_keep_unmerged(void) {
    struct range range;
    for (const char *at = read_maps(); (at = next_range(at, &range)) != NULL;) {
        if (is_own(&range) && madvise((void *)range.start, range.end - range.start, MADV_UNMERGEABLE) != 0
            && errno != ENOMEM) {
            return errno;
        }
    }

    return 0;
}

// Another thread may store there at the same time, so it is one operation that changes nothing.
void own_memory_touch(void) {
    for (int i = 0; i < own_count; i++) {
        for (uintptr_t at = own[i].start; own[i].is_writable && at < own[i].end; at += memory_page_size()) {
            (void)__atomic_fetch_or((uint8_t *)at, 0, __ATOMIC_RELAXED);
        }
    }
}
