// A process with names that somebody could choose to do harm: its own, a mapped file's, and a dead child's.
//
//   named NAME FILE     FILE is created, mapped privately and written, and removed at the end
//
// Prints "ready PID ZOMBIE" and ends when its standard input does.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 300 };

int main(int argc, char **argv)
{
    long size = sysconf(_SC_PAGESIZE);
    if (argc != 3) {
        fprintf(stderr, "usage: named NAME FILE\n");
        return 2;
    }

    prctl(PR_SET_NAME, argv[1]);
    int file = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, PAGES * size) != 0) {
        perror("named");
        return 3;
    }

    char *memory = mmap(NULL, PAGES * size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
        perror("named");
        return 3;
    }

    memset(memory, 0x55, PAGES * size);
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }

    siginfo_t information;
    waitid(P_PID, child, &information, WEXITED | WNOWAIT); // It stays a zombie.
    printf("ready %d %d\n", getpid(), child);
    fflush(stdout);
    while (getchar() != EOF) {
    }

    unlink(argv[2]);
    return 0;
}
