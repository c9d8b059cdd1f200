#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
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

// A buffer that a device may write to for as long as it likes: registered with io_uring.
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
    return kind == PIN_WRITE ? take_for_writing(address, file) : take_reference(address, file);
}

void pin_release(const struct pin *pin) {
    if (pin->reader != 0) {
        kill(pin->reader, SIGKILL);
        while (waitpid(pin->reader, NULL, 0) < 0 && errno == EINTR) {
        }
    } else {
        // A ring lets go of its buffers some time after it was closed; this does it now. A pipe refuses it.
        (void)syscall(SYS_io_uring_register, pin->file, IORING_UNREGISTER_BUFFERS, NULL, 0);
    }

    close(pin->file);
}

long pin_peek(const struct pin *pin, void *page) {
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        return -errno;
    }

    long length = tee(pin->file, pipe[1], memory_page_size(), SPLICE_F_NONBLOCK);
    length = length > 0 ? read(pipe[0], page, memory_page_size()) : -1;
    close(pipe[0]);
    close(pipe[1]);
    return length == (long)memory_page_size() ? length : -EOPNOTSUPP;
}

int page_that_waits(void **page) {
    int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK); // Without O_NONBLOCK it cannot be polled.
    struct uffdio_api api = {.api = UFFD_API};
    *page = mmap(NULL, memory_page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {
        .range = {.start = (uint64_t)*page, .len = memory_page_size()},
        .mode = UFFDIO_REGISTER_MODE_MISSING,
    };
    bool done = file >= 0 && *page != MAP_FAILED && ioctl(file, UFFDIO_API, &api) == 0
        && ioctl(file, UFFDIO_REGISTER, &range) == 0;
    return done ? file : -1;
}

// Linux pins for reading only while it copies. So a process of its own copies the page to where the copy has to wait: the
// kernel takes the pin, faults on the target, and stays there until that process is killed.
static _Noreturn void read_slowly(int socket, pid_t owner, uint64_t address) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *page;
    int file = page_that_waits(&page);
    int error = file < 0 ? EOPNOTSUPP : 0;
    (void)channel_send(socket, &error, sizeof error, NULL, 0, file);
    if (error == 0) {
        struct iovec local = {page, memory_page_size()}, remote = {(void *)address, memory_page_size()};
        error = process_vm_readv(owner, &local, 1, &remote, 1, 0) < 0 ? errno : EIO;
        (void)channel_send(socket, &error, sizeof error, NULL, 0, -1);
    }

    _exit(0);
}

int pin_take_for_reading(pid_t owner, uint64_t address, struct pin *pin) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }

    pid_t reader = fork();
    if (reader == 0) {
        dup2(ends[1], PROCESS_SOCKET);
        close_range(PROCESS_SOCKET + 1, ~0U, 0);
        read_slowly(PROCESS_SOCKET, owner, address);
    }

    close(ends[1]);
    int error = reader < 0 ? errno : 0;
    int file = -1, none;
    if (error == 0 && channel_receive(ends[0], &error, sizeof error, NULL, 0, &file) != sizeof error) {
        error = EIO;
    }

    // It waits, or it has come back because the page cannot be read.
    if (error == 0 && !channel_wait(file, ends[0])
        && (!channel_wait(ends[0], ends[0]) || channel_receive(ends[0], &error, sizeof error, NULL, 0, &none) != sizeof error)) {
        error = EIO;
    }

    close(ends[0]);
    *pin = (struct pin){.file = file, .reader = reader};
    if (error != 0 && reader > 0) {
        pin_release(pin);
    }

    return error;
}
