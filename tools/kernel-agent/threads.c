// The threads of a simulated process. One of them acts: it serves the requests, until it is asked to let another one
// act. The others sleep. While flushes are traced they spin, each on its CPU, so that no CPU of the process is idle or
// runs something else at that moment: the kernel would leave it out, or take it off the process's CPUs for good.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

enum { MAX_THREADS = 4, STACK_SIZE = 32768, ANY_CPU = -1 };
enum { REST = 0, SPIN = 1, ACT = 2, COMMANDS = 3, NEXT = 4 };

struct thread {
    _Atomic uint32_t told; // the command, and above it a number that makes it another one than the last
    _Atomic uint32_t seen; // the last SPIN that it has followed
    int cpu;
    uint8_t *stack;
};

static _Alignas(16) uint8_t stacks[MAX_THREADS][STACK_SIZE];

// The first thread of a program has a stack of its own, but a child of another thread goes on with the one on which it
// was born.
static struct thread threads[MAX_THREADS] = {
    {.told = ACT, .cpu = ANY_CPU, .stack = stacks[0]}, {.stack = stacks[1]}, {.stack = stacks[2]}, {.stack = stacks[3]},
};
static uint64_t count = 1, acting;
static uint32_t number_of_command;

static void tell(struct thread *thread, uint32_t command) {
    number_of_command += NEXT;
    atomic_store(&thread->told, number_of_command | command);
    (void)syscall(SYS_futex, &thread->told, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

// All threads share errno, as they have no memory of their own. One that waits writes it only before it has followed
// the command by which the acting thread goes on.
static void wait_for_turn(struct thread *self) {
    for (;;) {
        uint32_t told = atomic_load(&self->told);
        if ((told & COMMANDS) == ACT) {
            return;
        }

        if ((told & COMMANDS) == SPIN) {
            atomic_store(&self->seen, told);
            while (atomic_load(&self->told) == told) {
            }
        } else {
            (void)syscall(SYS_futex, &self->told, FUTEX_WAIT_PRIVATE, told, NULL, NULL, 0);
        }
    }
}

// One that spins must not wait for others' time slices, nor lose its CPU. What it begins is not to be so urgent.
static void become_urgent(void) {
    struct sched_param parameter = {.sched_priority = 1};
    if (trace_is_on()) {
        (void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter);
    }
}

static int begin(void *thread) {
    become_urgent();
    wait_for_turn(thread);
    process_serve_as_thread();
}

static int start(struct thread *thread) {
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    atomic_store(&thread->told, REST);
    thread->cpu = threads[acting].cpu;
    become_urgent();
    return clone(begin, thread->stack + STACK_SIZE, flags, thread) < 0 ? errno : 0;
}

int threads_act(uint64_t number) {
    if (number > count || number == MAX_THREADS) {
        return EINVAL;
    }

    int error = number == count ? start(&threads[number]) : 0;
    if (error != 0 || number == acting) {
        return error;
    }

    struct thread *self = &threads[acting];
    count += number == count ? 1 : 0;
    acting = number;
    tell(self, REST);
    tell(&threads[number], ACT);
    wait_for_turn(self);
    return 0;
}

// The others are still there, but in the parent.
void threads_forget(void) {
    uint8_t *stack = threads[acting].stack;
    threads[acting].stack = threads[0].stack;
    threads[0].stack = stack;
    threads[0].cpu = threads[acting].cpu;
    atomic_store(&threads[0].told, ACT);
    count = 1;
    acting = 0;
}

void threads_moved(int cpu) { threads[acting].cpu = cpu; }

int threads_cpu(void) { return threads[acting].cpu; }

void threads_spin(int left_alone) {
    for (uint64_t i = 0; i < count; i++) {
        if (i != acting && threads[i].cpu != left_alone) {
            tell(&threads[i], SPIN);
            while (atomic_load(&threads[i].seen) != atomic_load(&threads[i].told)) {
                (void)sched_yield();
            }
        }
    }
}

void threads_rest(void) {
    for (uint64_t i = 0; i < count; i++) {
        if ((atomic_load(&threads[i].told) & COMMANDS) == SPIN) {
            tell(&threads[i], REST);
        }
    }
}
