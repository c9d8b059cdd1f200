#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

static _Alignas(8) uint8_t payload[MAX_PAYLOAD];
static bool is_busy; // whether it looks for requests without sleeping
static uint64_t turns_before, turns_lost;

void process_begin(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    memory_catch_signals();
}

void process_close_files(void) {
    close_range(PROCESS_SOCKET + 1, TRACE_FILE - 1, 0);
    close_range(TRACE_FILE + 1, ~0U, 0);
}

// How often threads of the process had to leave their CPUs, all in all. One that does in the middle of an operation may find
// another address space there when it comes back, and what is traced is another thing then.
static uint64_t turns(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}

static void respond(int64_t result, int error) {
    struct response response = {.result = result, .error = error, .lost_turns = turns_lost};
    if (!channel_send(PROCESS_SOCKET, &response, sizeof response, NULL, 0, -1)) {
        _exit(1);
    }
}

static int result_of(int result) { return result == 0 ? 0 : errno; }

// Every simulated process is a child of the root process, which can then wait for any of them.
static int fork_beside(int socket, int64_t *pid) {
    long child = trace_fork(CLONE_PARENT | SIGCHLD);
    if (child == 0) {
        dup2(socket, PROCESS_SOCKET);
        process_close_files();
        threads_forget();
        process_begin();
        process_serve();
    }

    *pid = child;
    return child < 0 ? errno : 0;
}

static int control(const uint64_t *argument, int64_t *result) {
    int option = (int)argument[0];
    *result = prctl(option, argument[1], argument[2], argument[3], argument[4]);
    if (*result < 0) {
        return errno;
    }

    return option == PR_SET_MEMORY_MERGE && argument[1] != 0 ? own_memory_keep_unmerged() : 0;
}

static int run_on(uint64_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        return errno;
    }

    threads_moved((int)cpu);
    return 0;
}

static int spin(bool on, int left_alone) {
    is_busy = on && threads_cpu() != left_alone;
    if (on) {
        threads_spin(left_alone);
        turns_before = turns();
    } else {
        turns_lost = turns() - turns_before;
        threads_rest();
    }

    return 0;
}

static int start_again(void) {
    char *const arguments[] = {"kernel-agent", "--process", NULL};
    char *const environment[] = {"GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL}; // As the tool has started the first one.
    execve("/proc/self/exe", arguments, environment);
    return errno;
}

static int pin(const uint64_t *argument, int64_t *result) {
    int file = -1;
    int error = pin_take(argument[0], argument[1], &file);
    *result = file;
    return error;
}

static int perform(const struct request *request, int socket, int64_t *result) {
    const uint64_t *argument = request->argument;
    void *address = (void *)argument[0];
    switch (request->operation) {
    case OP_FORK:
        return fork_beside(socket, result);
    case OP_EXEC:
        return start_again();
    case OP_MAP:
        return memory_map(argument, result);
    case OP_UNMAP:
        return result_of(munmap(address, argument[1]));
    case OP_PROTECT:
        return result_of(mprotect(address, argument[1], (int)argument[2]));
    case OP_ADVISE:
        return result_of(madvise(address, argument[1], (int)argument[2]));
    case OP_ADVISE_EACH:
        return memory_advise_each((const uint64_t *)payload, request->payload / sizeof(uint64_t), (int)argument[0], result);
    case OP_REMAP: {
        void *moved = mremap(address, argument[1], argument[2], (int)argument[3], (void *)argument[4]);
        *result = (int64_t)moved;
        return moved == MAP_FAILED ? errno : 0;
    }
    case OP_LOCK:
        return result_of(argument[2] != 0 ? mlock(address, argument[1]) : munlock(address, argument[1]));
    case OP_SYNC:
        return result_of(msync(address, argument[1], MS_SYNC));
    case OP_FILL:
        return memory_fill(argument[0], argument[1], argument[2], argument[3]);
    case OP_POKE:
        return memory_poke(argument[0], payload, request->payload);
    case OP_READ:
        return memory_read(argument[0], argument[1]);
    case OP_PIN:
        return pin(argument, result);
    case OP_CLOSE:
        return result_of(close((int)argument[0]));
    case OP_FORCE_WRITE:
        return memory_force_write(argument[0], argument[1]);
    case OP_DIRECT_IO:
        return memory_direct_io(argument[0], argument[1], argument[2] != 0, argument[3]);
    case OP_PRCTL:
        return control(argument, result);
    case OP_CPU:
        return run_on(argument[0]);
    case OP_THREAD: {
        int error = threads_act(argument[0]);
        *result = gettid();
        return error;
    }
    case OP_SPIN:
        return spin(argument[0] != 0, (int)argument[1]);
    default:
        return ENOSYS;
    }
}

// These have to do with who acts, and not with memory.
static bool is_traced(enum operation operation) {
    return operation != OP_CPU && operation != OP_THREAD && operation != OP_SPIN && operation != OP_EXEC
        && operation != OP_CLOSE && trace_is_on();
}

// What this program stores to its own memory meanwhile must not fault: such a fault is a flush that is not the
// script's.
static int perform_traced(const struct request *request, int socket, int64_t *result) {
    own_memory_touch();
    threads_spin(threads_cpu());
    uint64_t before = turns();
    trace_switch(true);
    int error = perform(request, socket, result);
    trace_switch(false);
    turns_lost = turns() - before;
    threads_rest();
    return error;
}

_Noreturn void process_serve(void) {
    for (;;) {
        struct request request;
        int file;
        while (is_busy && !channel_look(PROCESS_SOCKET)) {
        }

        long received = channel_receive(PROCESS_SOCKET, &request, sizeof request, payload, sizeof payload, &file);
        if (received < (long)sizeof request || request.operation == OP_EXIT) {
            _exit(0);
        }

        int64_t result = 0;
        turns_lost = 0;
        int error = (is_traced(request.operation) ? perform_traced : perform)(&request, file, &result);
        if (file >= 0) {
            close(file);
        }

        respond(result, error);
    }
}

// The answer to the request that has let this thread act.
_Noreturn void process_serve_as_thread(void) {
    respond(gettid(), 0);
    process_serve();
}

_Noreturn void process_serve_after_exec(void) {
    process_begin();
    own_memory_remember();
    bool merges = prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) > 0;
    respond(0, merges ? own_memory_keep_unmerged() : 0);
    process_serve();
}
