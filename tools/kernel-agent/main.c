// The root process: reads requests from standard input, passes most of them on to the simulated processes, which are all its
// children, and puts the settings of KSM and the host's swap back when its input ends, whatever the reason.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED (1 << 1)
#endif

enum { MAX_PROCESSES = 4096, MAX_PINS = 65536 };

struct process {
    pid_t pid;  // 0: none
    int handle; // pidfd
    int socket;
};

static struct process processes[MAX_PROCESSES];
static struct pin pins[MAX_PINS]; // file 0: none
static int pin_count;
static bool batches_are_off, has_huge_pages;
static uint8_t payload[MAX_PAYLOAD];

static bool read_all(void *buffer, size_t size) {
    for (size_t done = 0; done < size;) {
        long got = read(STDIN_FILENO, (char *)buffer + done, size - done);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return false;
        }

        done += got > 0 ? (size_t)got : 0;
    }

    return true;
}

static bool respond(const struct response *response, const void *bytes) {
    uint8_t message[sizeof *response + MAX_PAYLOAD];
    size_t size = sizeof *response + response->payload;
    memcpy(message, response, sizeof *response);
    if (response->payload != 0) {
        memcpy(message + sizeof *response, bytes, response->payload);
    }

    for (size_t done = 0; done < size;) {
        long put = write(STDOUT_FILENO, message + done, size - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }

        done += put > 0 ? (size_t)put : 0;
    }

    return true;
}

static int open_channel(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
}

static int adopt(struct process *process, pid_t pid, int socket) {
    process->handle = (int)syscall(SYS_pidfd_open, pid, 0);
    process->pid = pid;
    process->socket = socket;
    return process->handle < 0 ? errno : 0;
}

// Returns when the process is a zombie: its memory has gone by then.
static void reap(struct process *process) {
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
    }

    close(process->handle);
    close(process->socket);
    memset(process, 0, sizeof *process);
}

// A process that has run on another CPU for a moment has left a trace of it in the kernel, so it is there from the
// start.
static pid_t fork_on(uint64_t cpu) {
    cpu_set_t before, set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_getaffinity(0, sizeof before, &before) != 0 || sched_setaffinity(0, sizeof set, &set) != 0) {
        return -1;
    }

    pid_t child = fork();
    if (child == 0) {
        threads_moved((int)cpu);
    } else {
        (void)sched_setaffinity(0, sizeof before, &before);
    }

    return child;
}

static int spawn(struct process *process, uint64_t cpu, int64_t *pid) {
    int ends[2];
    int error = open_channel(ends);
    if (error != 0) {
        return error;
    }

    pid_t child = cpu != 0 ? fork_on(cpu - 1) : fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(ends[1], PROCESS_SOCKET);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        trace_hand_on();
        process_close_files();
        process_begin();
        own_memory_remember();
        process_serve();
    }

    error = child < 0 ? errno : 0;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return error;
    }

    *pid = child;
    return adopt(process, child, ends[0]);
}

// Passes a request on and waits for the answer or for the end of the process.
static int ask(struct process *process, const struct request *request, int with, struct response *response, int *file) {
    *file = -1;
    if (!channel_send(process->socket, request, sizeof *request, payload, request->payload, with)) {
        return errno;
    }

    if (!channel_wait(process->socket, process->handle)
        || channel_receive(process->socket, response, sizeof *response, NULL, 0, file) != sizeof *response) {
        kill(process->pid, SIGKILL);
        reap(process);
        return -SIGKILL;
    }

    return 0;
}

static int fork_process(struct process *parent, const struct request *request, struct response *response) {
    uint64_t number = request->argument[0];
    if (number >= MAX_PROCESSES || processes[number].pid != 0) {
        return EINVAL;
    }

    int ends[2];
    int error = open_channel(ends);
    if (error != 0) {
        return error;
    }

    int none;
    error = ask(parent, request, ends[1], response, &none);
    close(ends[1]);
    if (error != 0 || response->error != 0) {
        close(ends[0]);
        return error;
    }

    return adopt(&processes[number], (pid_t)response->result, ends[0]);
}

// What a process has pinned outlives it: the root process takes the file over. A ring cannot be sent through a socket.
static int take_over(struct process *process, int file, struct pin *pin) {
    pin->file = (int)syscall(SYS_pidfd_getfd, process->handle, file, 0);
    int error = pin->file < 0 ? errno : 0;
    struct request request = {.operation = OP_CLOSE, .argument = {(uint64_t)file}};
    struct response response;
    int none;
    int closed = ask(process, &request, -1, &response, &none);
    return error != 0 ? error : closed;
}

static int take_pin(struct process *process, const struct request *request, struct response *response) {
    if (pin_count == MAX_PINS) {
        return ENOMEM;
    }

    struct pin pin = {0};
    int error;
    if (request->argument[1] == PIN_READ) {
        error = pin_take_for_reading(process->pid, request->argument[0], &pin);
    } else {
        int none;
        error = ask(process, request, -1, response, &none);
        if (error == 0 && response->error == 0) {
            error = take_over(process, (int)response->result, &pin);
        }
    }

    if (error == 0 && response->error == 0) {
        pins[pin_count] = pin;
        response->result = pin_count++;
    }

    return error;
}

static int take_pin_back(uint64_t number) {
    if (number >= (uint64_t)pin_count || pins[number].file == 0) {
        return EINVAL;
    }

    pin_release(&pins[number]);
    pins[number].file = 0;
    return 0;
}

static void reset(void) {
    for (int i = 0; i < pin_count; i++) {
        (void)take_pin_back((uint64_t)i);
    }

    pin_count = 0;
    room_end();
    for (int i = 0; i < MAX_PROCESSES; i++) {
        if (processes[i].pid != 0) {
            kill(processes[i].pid, SIGKILL);
            reap(&processes[i]);
        }
    }
}

static int of_process(const struct request *request, struct response *response) {
    struct process *process = &processes[request->process];
    if (request->process >= MAX_PROCESSES || (process->pid == 0) != (request->operation == OP_SPAWN)) {
        return ESRCH;
    }

    int none;
    switch (request->operation) {
    case OP_SPAWN:
        return spawn(process, request->argument[0], &response->result);
    case OP_EXIT:
        (void)channel_send(process->socket, request, sizeof *request, NULL, 0, -1);
        reap(process);
        return 0;
    case OP_FORK:
        return fork_process(process, request, response);
    case OP_PIN:
        return take_pin(process, request, response);
    default:
        return ask(process, request, -1, response, &none);
    }
}

static bool serve(const struct request *request) {
    static _Alignas(8) uint8_t page[MAX_PAYLOAD];
    struct response response = {0};
    int error = 0;
    long length;
    switch (request->operation) {
    case OP_RESET:
        reset();
        response.result = (batches_are_off ? 1 : 0) + (has_huge_pages ? 2 : 0);
        break;
    case OP_UNPIN:
        error = take_pin_back(request->argument[0]);
        break;
    case OP_PEEK_PIN:
        length = request->argument[0] < (uint64_t)pin_count && pins[request->argument[0]].file != 0
            ? pin_peek(&pins[request->argument[0]], page)
            : -EINVAL;
        error = length < 0 ? (int)-length : 0;
        response.payload = length < 0 ? 0 : (uint32_t)length;
        break;
    case OP_SWAP:
        error = swap_begin(request->argument[0]);
        break;
    case OP_SWAP_ADD:
        error = request->payload < memory_page_size()
            ? EINVAL
            : swap_add(request->argument[0], request->argument[1], request->argument[2], payload, &response.result);
        break;
    case OP_SWAP_AGAIN:
        error = swap_again(request->argument[0]);
        break;
    case OP_SWAP_REMOVE:
        error = swap_remove(request->argument[0]);
        break;
    case OP_TRACE:
        error = trace_begin((pid_t)request->argument[0], request->argument[1]);
        break;
    case OP_COMPACT:
        error = request->argument[0] != 0 ? room_use() : room_begin();
        break;
    default:
        error = of_process(request, &response);
        break;
    }

    response.error = error != 0 ? error : response.error;
    return respond(&response, page);
}

// Returns whether huge pages are left to those who advise them.
static bool begin(void) {
    // A Ctrl-C is for the tool, which then closes this process's input.
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        signal(ignored[i], SIG_IGN);
    }

    // Children inherit both: no huge page but where one is advised (Linux 6.18), or else none at all.
    bool advised = prctl(PR_SET_THP_DISABLE, 1, PR_THP_DISABLE_EXCEPT_ADVISED, 0, 0) == 0;
    if (!advised) {
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }

    return advised;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--process") == 0) {
        process_serve_after_exec();
    }

    bool advised = begin();
    batches_are_off = batches_switch_off();
    knobs_save();
    has_huge_pages = advised && knobs_begin_huge_pages();
    struct request request;
    while (read_all(&request, sizeof request) && request.payload <= MAX_PAYLOAD && read_all(payload, request.payload)
           && serve(&request)) {
    }

    reset();
    int error = swap_end();
    if (error != 0) {
        (void)fprintf(stderr, "kernel-agent: the swap that was made for this run is still there: %s\n", strerror(error));
    }

    int untraced = trace_end();
    if (untraced != 0) {
        (void)fprintf(stderr, "kernel-agent: the instance of tracing that was made for this run is still there: %s\n",
                      strerror(untraced));
    }

    return knobs_restore() && error == 0 && untraced == 0 ? 0 : 1;
}
