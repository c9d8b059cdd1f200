/* The peer of the evaluation rows: copies the memory of another process out with process_vm_readv, on as many threads as the
 * other side uses, 2 MiB a call (the fastest of 64 KiB to 4 MiB here). "keep" is the whole copy, or NULL: then each thread
 * copies into one buffer of its own again and again, and nothing is left of what was read. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/uio.h>

enum { PIECE = 2 << 20, MOST_THREADS = 256 };

struct work {
    int pid, threads, number, failed;
    const uintptr_t *starts;
    size_t count, bytes;
    char *keep;
};

static void *copy(void *argument)
{
    struct work *work = argument;
    char *buffer = work->keep ? NULL : aligned_alloc(4096, PIECE);
    size_t piece = 0;

    for (size_t area = 0; area < work->count; area++)
        for (size_t at = 0; at < work->bytes; at += PIECE, piece++) {
            size_t length = work->bytes - at < PIECE ? work->bytes - at : PIECE;
            struct iovec remote = { (void *)(work->starts[area] + at), length };
            struct iovec local = { work->keep ? work->keep + area * work->bytes + at : buffer, length };

            if (piece % work->threads == (size_t)work->number &&
                process_vm_readv(work->pid, &local, 1, &remote, 1, 0) != (ssize_t)length)
                work->failed = 1;
        }
    free(buffer);
    return NULL;
}

/* Copies "count" areas of "bytes" bytes each. Returns 0, or 1 if a byte could not be read. */
int copy_out(int pid, const uintptr_t *starts, size_t count, size_t bytes, char *keep, int threads)
{
    struct work work[MOST_THREADS];
    pthread_t running[MOST_THREADS];
    int failed = 0;

    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    for (int i = 0; i < threads; i++) {
        work[i] = (struct work){ pid, threads, i, 0, starts, count, bytes, keep };
        if (pthread_create(&running[i], NULL, copy, &work[i]))
            return 1;
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(running[i], NULL);
        failed |= work[i].failed;
    }
    return failed;
}
