#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent.h"

// What a pipe holds: a reference to the page, and no more.
static int take_reference(uint64_t address, int *file) {
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        return errno;
    }

    struct iovec page = {(void *)address, memory_page_size()};
    int error = vmsplice(pipe[1], &page, 1, 0) == (long)memory_page_size() ? 0 : errno;
    close(pipe[1]); // What is in the pipe stays until its other end is closed.
    if (error != 0) {
        close(pipe[0]);
        return error;
    }

    *file = pipe[0];
    return 0;
}

// A buffer that a device writes to, for as long as it likes: registered with io_uring.
static int take_for_writing(uint64_t address, int *file) {
    struct io_uring_params parameters;
    memset(&parameters, 0, sizeof parameters);
    int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
    if (ring < 0) {
        return errno == EPERM || errno == ENOSYS ? EOPNOTSUPP : errno;
    }

    struct iovec page = {(void *)address, memory_page_size()};
    if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &page, 1) != 0) {
        int error = errno;
        close(ring);
        return error;
    }

    *file = ring;
    return 0;
}

int pin_take(uint64_t address, uint64_t kind, int *file) {
    switch (kind) {
    case PIN_REFERENCE:
        return take_reference(address, file);
    case PIN_WRITE:
        return take_for_writing(address, file);
    default:
        return EOPNOTSUPP; // Linux has no interface that pins for reading and then waits.
    }
}

void pin_release(int file) {
    // A ring lets go of its buffers some time after it was closed; this does it now. A pipe refuses it.
    (void)syscall(SYS_io_uring_register, file, IORING_UNREGISTER_BUFFERS, NULL, 0);
    close(file);
}

long pin_peek(int file, void *page) {
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        return -errno;
    }

    long length = tee(file, pipe[1], memory_page_size(), SPLICE_F_NONBLOCK);
    length = length > 0 ? read(pipe[0], page, memory_page_size()) : -1;
    long result = length == (long)memory_page_size() ? length : -EOPNOTSUPP;
    close(pipe[0]);
    close(pipe[1]);
    return result;
}
