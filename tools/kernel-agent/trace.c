// The kernel's own account of TLB flushes: an instance of its tracing files with a ring of its own, which the tool
// reads. The files are mounted where nobody else sees it, and the mount ends with the last process that sees it. The
// instance does not: it is removed at the end, and what a killed agent has left behind when the next one begins.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

#define INSTANCES "/sys/kernel/tracing/instances"
#define PREFIX "fastksm-"

enum { PATH_SIZE = 512 };

static int root_file = -1;
static pid_t daemon_pid; // 0: it is where it was
static cpu_set_t daemon_cpus;

static int write_file(const char *name, const char *value) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, INSTANCES "/" PREFIX "%d/%s", getpid(), name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return errno;
    }

    int error = write(file, value, strlen(value)) == (long)strlen(value) ? 0 : errno;
    close(file);
    return error;
}

static void remove_forgotten(void) {
    DIR *all = opendir(INSTANCES);
    for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        char path[PATH_SIZE];
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0
            && kill(atoi(entry->d_name + strlen(PREFIX)), 0) != 0 && errno == ESRCH) {
            (void)snprintf(path, sizeof path, INSTANCES "/%s", entry->d_name);
            (void)rmdir(path);
        }
    }

    if (all != NULL) {
        closedir(all);
    }
}

static int mount_unseen(void) {
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
            && mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0
        ? 0
        : errno;
}

static int make_instance(void) {
    char path[PATH_SIZE];
    remove_forgotten();
    (void)snprintf(path, sizeof path, INSTANCES "/" PREFIX "%d", getpid());
    if (mkdir(path, 0700) != 0) {
        return errno;
    }

    int error = write_file("tracing_on", "0");
    error = error == 0 ? write_file("buffer_size_kb", "1024") : error;
    (void)snprintf(path, sizeof path, INSTANCES "/" PREFIX "%d/tracing_on", getpid());
    int file = open(path, O_WRONLY | O_CLOEXEC);
    root_file = fcntl(file, F_DUPFD_CLOEXEC, TRACE_FILE + 1); // Another number than the one by which it is handed on.
    error = error == 0 && root_file < 0 ? errno : error;
    close(file);
    return error;
}

// Whether a flush of ksmd's is a remote one depends on where ksmd runs.
static int settle_daemon(pid_t pid, uint64_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_getaffinity(pid, sizeof daemon_cpus, &daemon_cpus) != 0
        || sched_setaffinity(pid, sizeof set, &set) != 0) {
        return errno;
    }

    daemon_pid = pid;
    return 0;
}

int trace_begin(pid_t daemon, uint64_t cpu) {
    if (root_file >= 0) {
        return EEXIST;
    }

    int error = mount_unseen();
    error = error == 0 ? make_instance() : error;
    return error == 0 ? settle_daemon(daemon, cpu) : error;
}

int trace_end(void) {
    char path[PATH_SIZE];
    if (daemon_pid != 0) {
        (void)sched_setaffinity(daemon_pid, sizeof daemon_cpus, &daemon_cpus);
        daemon_pid = 0;
    }

    if (root_file < 0) {
        return 0;
    }

    close(root_file);
    root_file = -1;
    (void)write_file("events/enable", "0");
    (void)snprintf(path, sizeof path, INSTANCES "/" PREFIX "%d", getpid());
    return rmdir(path) == 0 ? 0 : errno;
}

void trace_hand_on(void) {
    if (root_file >= 0) {
        dup2(root_file, TRACE_FILE);
    } else {
        close(TRACE_FILE);
    }
}

bool trace_is_on(void) { return fcntl(TRACE_FILE, F_GETFD) >= 0; }

void trace_switch(bool on) { (void)!write(TRACE_FILE, on ? "1" : "0", 1); }

// The first store behind a fork is a fault that flushes, and is not the fork's. So the trace ends before it: nothing is
// stored, not even on the stack, between the two system calls.
long trace_fork(unsigned long flags) {
#if defined(__x86_64__)
    static const char off = '0';
    long call = SYS_clone, first = (long)flags, second = 0, third = 0, child;
    register long fourth asm("r10") = 0;
    register long fifth asm("r8") = 0;
    asm volatile("syscall\n\t"
                 "mov %%rax, %[child]\n\t"
                 "test %%rax, %%rax\n\t"
                 "jz 1f\n\t"
                 "mov %[write], %%eax\n\t"
                 "mov %[file], %%edi\n\t"
                 "mov %[off], %%rsi\n\t"
                 "mov $1, %%edx\n\t"
                 "syscall\n"
                 "1:"
                 : "+a"(call), "+D"(first), "+S"(second), "+d"(third), [child] "=&b"(child)
                 : "r"(fourth), "r"(fifth), [off] "r"(&off), [write] "i"(SYS_write), [file] "i"(TRACE_FILE)
                 : "rcx", "r11", "memory");
    if (child < 0) {
        errno = (int)-child;
        child = -1;
    }

    return child;
#else
    long child = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (child > 0) {
        trace_switch(false);
    }

    return child;
#endif
}
