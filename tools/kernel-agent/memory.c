#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static sigjmp_buf caught;

static void on_signal(int signal) { siglongjmp(caught, signal); }

void memory_catch_signals(void) {
    // SA_NODEFER: the handler is left by a jump that does not put the mask back.
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

size_t memory_page_size(void) {
    static size_t size;
    if (size == 0) {
        size = (size_t)sysconf(_SC_PAGESIZE);
    }

    return size;
}

// Content 0 is zeroes; content n is the output of SplitMix64 from state n. It is written word by word into the page itself,
// so the first store is the fault.
void memory_content(void *page, uint64_t content) {
    volatile uint64_t *word = page;
    uint64_t state = content;
    for (size_t i = 0; i < memory_page_size() / sizeof *word; i++) {
        state += 0x9E3779B97F4A7C15u;
        uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        word[i] = content == 0 ? 0 : z ^ (z >> 31);
    }
}

// File systems that keep their files in memory write nothing back, and take O_DIRECT and copy nevertheless.
static bool copies_in_memory(int file) {
    const long tmpfs = 0x01021994, ramfs = 0x858458f6;
    struct statfs system;
    return fstatfs(file, &system) != 0 || system.f_type == tmpfs || system.f_type == ramfs;
}

int memory_map(const uint64_t *argument, int64_t *address) {
    uint64_t length = argument[1], as = argument[3];
    int flags = (as & MAP_AS_SHARED) != 0 ? MAP_SHARED : MAP_PRIVATE;
    flags |= argument[0] != 0 ? MAP_FIXED : 0;
    flags |= (as & MAP_AS_NORESERVE) != 0 ? MAP_NORESERVE : 0;
    int file = -1;
    if ((as & MAP_AS_FILE) != 0) {
        file = (as & MAP_AS_ON_DISK) != 0 ? open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
                                          : memfd_create("script", MFD_CLOEXEC);
        bool is_not = file >= 0 && (as & MAP_AS_ON_DISK) != 0 && copies_in_memory(file);
        if (file < 0 || is_not || ftruncate(file, (off_t)length) != 0) {
            int error = is_not ? EOPNOTSUPP : errno;
            if (file >= 0) {
                close(file);
            }

            return error;
        }
    } else {
        flags |= MAP_ANONYMOUS;
    }

    void *mapped = mmap((void *)argument[0], length, (int)argument[2], flags, file, 0);
    int error = mapped == MAP_FAILED ? errno : 0;
    if (file >= 0) {
        close(file);
    }

    // The process avoids huge pages but where they are advised.
    if (error == 0 && (as & MAP_AS_HUGE) != 0 && madvise(mapped, length, MADV_HUGEPAGE) != 0) {
        error = errno;
    }

    *address = (int64_t)mapped;
    return error;
}

int memory_fill(uint64_t address, uint64_t pages, uint64_t content, uint64_t step) {
    int signal = sigsetjmp(caught, 0);
    if (signal != 0) {
        return -signal;
    }

    for (uint64_t i = 0; i < pages; i++) {
        memory_content((void *)(address + (i * memory_page_size())), content + (i * step));
    }

    return 0;
}

int memory_poke(uint64_t address, const uint8_t *bytes, size_t length) {
    int signal = sigsetjmp(caught, 0);
    if (signal != 0) {
        return -signal;
    }

    volatile uint8_t *target = (volatile uint8_t *)address;
    for (size_t i = 0; i < length; i++) {
        target[i] = bytes[i];
    }

    return 0;
}

int memory_read(uint64_t address, uint64_t pages) {
    int signal = sigsetjmp(caught, 0);
    if (signal != 0) {
        return -signal;
    }

    for (uint64_t i = 0; i < pages; i++) {
        (void)*(volatile uint8_t *)(address + (i * memory_page_size()));
    }

    return 0;
}

// CPU time, which a busy host does not lengthen by waiting; one clock around all calls, as a reading of it is not free.
int memory_advise_each(const uint64_t *addresses, size_t count, int advice, int64_t *nanoseconds) {
    struct timespec begin, end;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (size_t i = 0; i < count; i++) {
        if (madvise((void *)addresses[i], memory_page_size(), advice) != 0) {
            return errno;
        }
    }

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    *nanoseconds = ((end.tv_sec - begin.tv_sec) * 1000000000L) + (end.tv_nsec - begin.tv_nsec);
    return 0;
}

// As a debugger: the kernel writes, whatever the protection says.
int memory_force_write(uint64_t address, uint64_t content) {
    static _Alignas(8) uint8_t page[65536];
    memory_content(page, content);
    int file = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return errno;
    }

    long written = pwrite(file, page, memory_page_size(), (off_t)address);
    int error = written == (long)memory_page_size() ? 0 : written < 0 ? errno : EIO;
    close(file);
    return error;
}

// write(2) from the memory, or read(2) into it, that goes past the page cache: the device borrows the pages.
int memory_direct_io(uint64_t address, uint64_t length, bool reads, uint64_t content) {
    static _Alignas(8) uint8_t page[65536];
    char path[] = "/var/tmp/fastksm-direct-XXXXXX";
    int buffered = mkostemp(path, O_CLOEXEC);
    if (buffered < 0) {
        return errno;
    }

    int error = copies_in_memory(buffered) ? EOPNOTSUPP : 0;
    memory_content(page, content);
    for (uint64_t done = 0; reads && error == 0 && done < length; done += memory_page_size()) {
        error = write(buffered, page, memory_page_size()) == (long)memory_page_size() ? 0 : errno;
    }

    error = error == 0 && reads && fsync(buffered) != 0 ? errno : error;
    int direct = error == 0 ? open(path, O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
    error = error == 0 && direct < 0 ? errno : error;
    if (error == 0) {
        long moved = reads ? read(direct, (void *)address, length) : write(direct, (void *)address, length);
        error = moved == (long)length ? 0 : moved < 0 ? errno : EIO;
    }

    if (direct >= 0) {
        close(direct);
    }

    close(buffered);
    unlink(path);
    return error;
}
