// The kernel collects pages that move between its lists, that are locked and unlocked, in batches, one for each CPU. A page
// in a batch has a reference more, with which no merge succeeds, and it is not freed before the batch is emptied: after 31
// pages, or at the start of a full scan. Which pages are in one within a scan depends on what else runs on that CPU. While a
// page is moved between nodes the kernel does without batches, and so here a process begins such a move, and never ends it.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

// The kernel reads which page to move after it has switched the batches off.
static _Noreturn void move_for_ever(int socket) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *page;
    int file = page_that_waits(&page);
    int error = file < 0 ? EOPNOTSUPP : 0;
    (void)channel_send(socket, &error, sizeof error, NULL, 0, file);
    if (error == 0) {
        int node = 0, status;
        (void)syscall(SYS_move_pages, 0, 1UL, page, &node, &status, 0);
        (void)channel_send(socket, &error, sizeof error, NULL, 0, -1);
    }

    _exit(0);
}

bool batches_switch_off(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }

    pid_t mover = fork();
    if (mover == 0) {
        // Not the tool's pipes: it is to see the end of the root process.
        dup2(ends[1], PROCESS_SOCKET);
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        close_range(PROCESS_SOCKET + 1, ~0U, 0);
        move_for_ever(PROCESS_SOCKET);
    }

    close(ends[1]);
    int error = mover < 0 ? errno : 0;
    int file = -1;
    if (error == 0 && channel_receive(ends[0], &error, sizeof error, NULL, 0, &file) != sizeof error) {
        error = EIO;
    }

    // Either it waits for the page, or the kernel does not move pages and it has come back.
    bool done = error == 0 && channel_wait(file, ends[0]);
    if (!done && mover > 0) {
        kill(mover, SIGKILL);
        while (waitpid(mover, NULL, 0) < 0 && errno == EINTR) {
        }
    }

    // The file stays open: closing it would let the page be read, and the move end.
    close(ends[0]);
    return done;
}
