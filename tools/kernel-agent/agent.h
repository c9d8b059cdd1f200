// Declarations that the files of the agent share.
#ifndef FASTKSM_AGENT_H
#define FASTKSM_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol.h"

// channel.c: messages with at most one open file beside them, over a SOCK_SEQPACKET socket.
bool channel_send(int socket, const void *head, size_t head_size, const void *tail, size_t tail_size, int file);
// Returns the bytes received, 0 when the other side has gone, -1 on an error; *file is -1 or an open file.
long channel_receive(int socket, void *head, size_t head_size, void *tail, size_t tail_size, int *file);
// Waits for one of two files to be readable, or for the end of the agent's input. Returns whether the first one is.
bool channel_wait(int wanted, int other);
// Whether there is something to receive.
bool channel_look(int socket);

// knobs.c: the settings of KSM and of huge pages, under /sys/kernel/mm.
void knobs_save(void);
// Whether huge pages are made where they are advised.
bool knobs_begin_huge_pages(void);
bool knobs_restore(void);

// swap.c: swap of the agent's own, beside what the host has. All return 0 or an error number. An area that is refused is
// taken away at once, and all others at the end.
int swap_begin(uint64_t bytes);
int swap_add(uint64_t bytes, uint64_t kind, uint64_t flags, const void *page, int64_t *number);
int swap_again(uint64_t number);
int swap_remove(uint64_t number);
int swap_end(void);

// compact.c: pages that are touched next get frames that compaction moves. Both return 0 or an error number.
int room_begin(void);
int room_use(void);
void room_end(void);

// memory.c: what a simulated process does to its memory. All return 0, an error number or a negative signal number.
void memory_catch_signals(void);
int memory_map(const uint64_t *argument, int64_t *address);
int memory_fill(uint64_t address, uint64_t pages, uint64_t content, uint64_t step);
int memory_poke(uint64_t address, const uint8_t *bytes, size_t length);
int memory_read(uint64_t address, uint64_t pages);
int memory_advise_each(const uint64_t *addresses, size_t count, int advice, int64_t *nanoseconds);
int memory_force_write(uint64_t address, uint64_t content);
int memory_direct_io(uint64_t address, uint64_t length, bool reads, uint64_t content);
void memory_content(void *page, uint64_t content);
size_t memory_page_size(void);

// own_memory.c: the mappings of the program itself, which are not the script's.
void own_memory_remember(void);
int own_memory_keep_unmerged(void);
// Stores to every page of it, so that no store that follows is a fault.
void own_memory_touch(void);

// pins.c: frames on loan. A pin is an open file, or a process that reads, so that it outlives the page's process.
struct pin {
    int file;
    pid_t reader; // 0: none
};

int pin_take(uint64_t address, uint64_t kind, int *file);
int pin_take_for_reading(pid_t owner, uint64_t address, struct pin *pin);
void pin_release(const struct pin *pin);
long pin_peek(const struct pin *pin, void *page);

// Makes a page whose first access waits for whoever holds the file that is returned; -1 where that cannot be had.
int page_that_waits(void **page);

// batches.c: the kernel's per-CPU batches of pages.
bool batches_switch_off(void);

// trace.c: the trace of TLB flushes. The root process begins and ends it; a simulated process switches it on and off by
// a file that is open in it.
enum { TRACE_FILE = 200 }; // Above all that a simulated process opens: it is open there only if flushes are traced.
int trace_begin(pid_t daemon, uint64_t cpu); // 0 or an error number
int trace_end(void);
void trace_hand_on(void);
bool trace_is_on(void);
void trace_switch(bool on);
// fork(2) with flags of clone(2); switches the trace off. Returns what fork returns.
long trace_fork(unsigned long flags);

// threads.c: the threads of a simulated process, of which one acts.
int threads_act(uint64_t number); // comes back when the calling thread acts again: 0, or at once an error number
void threads_forget(void);
void threads_moved(int cpu);
int threads_cpu(void);
// Comes back when all threads but the acting one, and those on a CPU that is left alone, spin.
void threads_spin(int left_alone);
void threads_rest(void);

// process.c: a simulated process; serves requests from its socket until it is told to exit.
enum { PROCESS_SOCKET = 3 };
void process_begin(void);
void process_close_files(void); // all that it has inherited but its socket and the trace
_Noreturn void process_serve(void);
_Noreturn void process_serve_as_thread(void);
_Noreturn void process_serve_after_exec(void);

#endif
