// Swap for as long as the agent lives: zram disks added for it, which no other program knows, or files. The one for scripts
// has the highest priority, so that what the host swaps to otherwise is not used meanwhile; others are as they are asked for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "agent.h"

// The first page of a swap area as mkswap(8) writes it, from its offset 1024 on; its last ten bytes are the signature.
struct swap_header {
    uint32_t version;
    uint32_t last_page;
    uint32_t bad_pages;
    uint8_t uuid[16];
    uint8_t label[16];
};

enum { HEADER_OFFSET = 1024, HIGHEST_PRIORITY = SWAP_FLAG_PRIO_MASK };

static const char signature[] = "SWAPSPACE2";

enum { MAX_AREAS = 8 };

struct area {
    bool is_taken;
    bool is_on;
    bool is_disk;
    int disk; // Number of the zram disk.
    char path[64];
};

static struct area areas[MAX_AREAS];

static int write_number(const char *file, uint64_t number) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    int descriptor = open(file, O_WRONLY | O_CLOEXEC);
    int error = descriptor < 0 || write(descriptor, text, (size_t)length) != length ? errno : 0;
    if (descriptor >= 0) {
        close(descriptor);
    }

    return error;
}

static int write_disk_number(const struct area *area, const char *attribute, uint64_t number) {
    char file[64];
    (void)snprintf(file, sizeof file, "/sys/block/zram%d/%s", area->disk, attribute);
    return write_number(file, number);
}

static int remove_disk(const struct area *area) {
    int reset = write_disk_number(area, "reset", 1);
    int removed = write_number("/sys/class/zram-control/hot_remove", (uint64_t)area->disk);
    return reset != 0 ? reset : removed;
}

// Reading the file adds a disk, and tells its number.
static int add_disk(struct area *area, uint64_t bytes) {
    char text[24] = {0};
    int descriptor = open("/sys/class/zram-control/hot_add", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }

    long length = read(descriptor, text, sizeof text - 1);
    int error = length > 0 ? 0 : length < 0 ? errno : EIO;
    close(descriptor);
    if (error != 0) {
        return error;
    }

    area->is_disk = true;
    area->disk = atoi(text);
    (void)snprintf(area->path, sizeof area->path, "/dev/zram%d", area->disk);
    error = write_disk_number(area, "disksize", bytes);
    return error != 0 ? error : access(area->path, R_OK | W_OK) == 0 ? 0 : errno;
}

// Every block is written, unless the file is to have holes: then no kernel takes it.
static int add_file(struct area *area, uint64_t bytes, bool has_holes) {
    static uint8_t zeroes[65536];
    (void)snprintf(area->path, sizeof area->path, "/var/tmp/fastksm-swap-XXXXXX");
    int descriptor = mkostemp(area->path, O_CLOEXEC);
    if (descriptor < 0) {
        area->path[0] = '\0';
        return errno;
    }

    int error = has_holes && ftruncate(descriptor, (off_t)bytes) != 0 ? errno : 0;
    for (uint64_t done = 0; error == 0 && !has_holes && done < bytes;) {
        size_t size = bytes - done < sizeof zeroes ? (size_t)(bytes - done) : sizeof zeroes;
        errno = ENOSPC;
        error = write(descriptor, zeroes, size) == (long)size ? 0 : errno;
        done += size;
    }

    error = error == 0 && fsync(descriptor) != 0 ? errno : error;
    close(descriptor);
    return error;
}

static int write_page(const struct area *area, const void *page, size_t size) {
    int descriptor = open(area->path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }

    errno = EIO;
    int error = write(descriptor, page, size) == (long)size && fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

static int start(struct area *area, const void *page, int flags) {
    int error = write_page(area, page, memory_page_size());
    if (error == 0 && swapon(area->path, flags) != 0) {
        error = errno;
    }

    area->is_on = error == 0;
    return error;
}

static int take_away(struct area *area) {
    int error = area->is_on && swapoff(area->path) != 0 ? errno : 0;
    if (error != 0) {
        return error;
    }

    area->is_on = false;
    if (area->is_disk) {
        error = remove_disk(area);
    } else if (area->path[0] != '\0') {
        error = unlink(area->path) == 0 ? 0 : errno;
    }

    memset(area, 0, sizeof *area);
    return error;
}

int swap_add(uint64_t bytes, uint64_t kind, uint64_t flags, const void *page, int64_t *number) {
    struct area *area = areas;
    while (area->is_taken && ++area < areas + MAX_AREAS) {
    }

    if (area == areas + MAX_AREAS) {
        return EBUSY;
    }

    area->is_taken = true;
    int error = kind == SWAP_ON_DISK ? add_disk(area, bytes) : add_file(area, bytes, kind == SWAP_ON_FILE_WITH_HOLES);
    error = error != 0 ? error : start(area, page, (int)flags);
    if (error != 0) {
        (void)take_away(area);
    }

    *number = area - areas;
    return error;
}

int swap_again(uint64_t number) {
    return number >= MAX_AREAS || !areas[number].is_on ? EINVAL : swapon(areas[number].path, 0) == 0 ? 0 : errno;
}

int swap_remove(uint64_t number) {
    return number >= MAX_AREAS || !areas[number].is_taken ? EINVAL : take_away(&areas[number]);
}

int swap_begin(uint64_t bytes) {
    static uint8_t page[65536];
    size_t size = memory_page_size();
    struct swap_header header = {.version = 1, .last_page = (uint32_t)(bytes / size) - 1};
    for (int i = 0; i < MAX_AREAS; i++) {
        if (areas[i].is_taken) {
            return EBUSY;
        }
    }

    memset(page, 0, size);
    memcpy(page + HEADER_OFFSET, &header, sizeof header);
    memcpy(page + size - strlen(signature), signature, strlen(signature));
    int64_t number;
    int error = swap_add(bytes, SWAP_ON_DISK, SWAP_FLAG_PREFER | HIGHEST_PRIORITY, page, &number);
    return error == 0 ? 0 : swap_add(bytes, SWAP_ON_FILE, SWAP_FLAG_PREFER | HIGHEST_PRIORITY, page, &number);
}

int swap_end(void) {
    int error = 0;
    for (int i = 0; i < MAX_AREAS; i++) {
        int own = areas[i].is_taken ? take_away(&areas[i]) : 0;
        error = error != 0 ? error : own;
    }

    return error;
}
