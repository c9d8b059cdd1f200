// Swap for as long as the agent lives: a zram disk added for it, which no other program knows, or a file where there is no
// zram. It has the highest priority, so that what the host swaps to otherwise is not used meanwhile.
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

static int disk = -1; // Number of the zram disk.
static bool is_on;
static char path[64];

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

static int write_disk_number(const char *attribute, uint64_t number) {
    char file[64];
    (void)snprintf(file, sizeof file, "/sys/block/zram%d/%s", disk, attribute);
    return write_number(file, number);
}

static int remove_disk(void) {
    int reset = write_disk_number("reset", 1);
    int removed = write_number("/sys/class/zram-control/hot_remove", (uint64_t)disk);
    disk = -1;
    return reset != 0 ? reset : removed;
}

// Reading the file adds a disk, and tells its number.
static int add_disk(uint64_t bytes) {
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

    disk = atoi(text);
    (void)snprintf(path, sizeof path, "/dev/zram%d", disk);
    error = write_disk_number("disksize", bytes);
    return error != 0 ? error : access(path, R_OK | W_OK) == 0 ? 0 : errno;
}

// Every block is written: a swap file may not have holes.
static int add_file(uint64_t bytes) {
    static uint8_t zeroes[65536];
    (void)snprintf(path, sizeof path, "/var/tmp/fastksm-swap-XXXXXX");
    int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor < 0) {
        path[0] = '\0';
        return errno;
    }

    int error = 0;
    for (uint64_t done = 0; error == 0 && done < bytes; done += sizeof zeroes) {
        errno = ENOSPC;
        error = write(descriptor, zeroes, sizeof zeroes) == (long)sizeof zeroes ? 0 : errno;
    }

    error = error == 0 && fsync(descriptor) != 0 ? errno : error;
    close(descriptor);
    return error;
}

static int format(uint64_t bytes) {
    static uint8_t page[65536];
    size_t size = memory_page_size();
    struct swap_header header = {.version = 1, .last_page = (uint32_t)(bytes / size) - 1};
    memset(page, 0, size);
    memcpy(page + HEADER_OFFSET, &header, sizeof header);
    memcpy(page + size - strlen(signature), signature, strlen(signature));
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }

    errno = EIO;
    int error = write(descriptor, page, size) == (long)size && fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

static int start(uint64_t bytes) {
    int error = format(bytes);
    if (error == 0 && swapon(path, SWAP_FLAG_PREFER | HIGHEST_PRIORITY) != 0) {
        error = errno;
    }

    is_on = error == 0;
    return error;
}

int swap_begin(uint64_t bytes) {
    if (is_on) {
        return EBUSY;
    }

    int error = add_disk(bytes);
    error = error != 0 ? error : start(bytes);
    if (error != 0) {
        (void)swap_end();
        error = add_file(bytes);
        error = error != 0 ? error : start(bytes);
    }

    if (error != 0) {
        (void)swap_end();
    }

    return error;
}

int swap_end(void) {
    int error = is_on && swapoff(path) != 0 ? errno : 0;
    if (error != 0) {
        return error;
    }

    is_on = false;
    if (disk >= 0) {
        error = remove_disk();
    } else if (path[0] != '\0') {
        error = unlink(path) == 0 ? 0 : errno;
    }

    path[0] = '\0';
    return error;
}
