// What the tool and the agent say to each other, and the agent's root process and its children: README.md.
#ifndef FASTKSM_PROTOCOL_H
#define FASTKSM_PROTOCOL_H

#include <stdint.h>

enum operation {
    // Of the root process.
    OP_SPAWN = 1,      // process: number of the new process  0: CPU that it begins on, plus 1, or 0 for any -> its pid
    OP_EXIT = 2,       // process                                                              -> 0 once its memory is gone
    OP_UNPIN = 3,      // 0: pin                                                               -> 0
    OP_PEEK_PIN = 4,   // 0: pin                                                               -> bytes that follow
    OP_RESET = 5,      // ends all processes and pins   -> 1: no batches, plus 2: huge pages where advised
    OP_SWAP = 6,       // 0: bytes                                                             -> 0; the host has so much swap more
    OP_COMPACT = 7,    // 0: whether to compact, or to make ready for it: compact.c            -> 0

    OP_SWAP_ADD = 8,   // 0: bytes  1: SWAP_ON_*  2: SWAP_FLAG_*; the first page follows       -> number of the area
    OP_SWAP_AGAIN = 9, // 0: area                                                              -> 0; it must not be
    OP_SWAP_REMOVE = 10, // 0: area                                                            -> 0
    OP_TRACE = 11,     // 0: ksmd's pid  1: its CPU from now on                                -> 0; flushes are traced

    // Of a simulated process; all addresses and lengths in bytes.
    OP_FORK = 16,      // 0: number of the child                                               -> its pid
    OP_EXEC = 17,      //                                                                      -> 0
    OP_MAP = 18,       // 0: address, or 0 for any  1: length  2: PROT_*  3: MAP_AS_*          -> address
    OP_UNMAP = 19,     // 0: address  1: length                                                -> 0
    OP_PROTECT = 20,   // 0: address  1: length  2: PROT_*                                     -> 0
    OP_ADVISE = 21,    // 0: address  1: length  2: MADV_*                                     -> 0
    OP_REMAP = 22,     // 0: address  1: old length  2: new length  3: MREMAP_*  4: target     -> address
    OP_LOCK = 23,      // 0: address  1: length  2: whether to lock                            -> 0
    OP_SYNC = 24,      // 0: address  1: length                                                -> 0
    OP_FILL = 25,      // 0: address  1: pages  2: content of the first  3: step of the content -> 0
    OP_POKE = 26,      // 0: address; the bytes follow                                         -> 0
    OP_READ = 27,      // 0: address  1: pages                                                 -> 0
    OP_PIN = 28,       // 0: address of a page  1: PIN_*                                       -> pin (a process: an open file)
    OP_FORCE_WRITE = 29, // 0: address of a page  1: content                                   -> 0
    OP_DIRECT_IO = 30, // 0: address  1: length  2: whether to read  3: content that arrives   -> 0
    OP_PRCTL = 31,     // 0: option  1 to 4: its arguments                                     -> its result
    OP_CPU = 32,       // 0: CPU to run on                                                     -> 0
    OP_CLOSE = 33,     // 0: an open file; the root process asks for this itself               -> 0
    OP_ADVISE_EACH = 34, // 0: MADV_*; addresses of pages follow                               -> ns of CPU time that they took
    OP_THREAD = 35,    // 0: thread that acts from now on; the next number begins it -> its thread id
    OP_SPIN = 36,      // 0: whether all threads keep their CPUs busy  1: CPU left alone       -> 0
};

enum map_as { MAP_AS_SHARED = 1, MAP_AS_FILE = 2, MAP_AS_HUGE = 4, MAP_AS_NORESERVE = 8, MAP_AS_ON_DISK = 16 };

enum swap_kind { SWAP_ON_DISK = 0, SWAP_ON_FILE = 1, SWAP_ON_FILE_WITH_HOLES = 2 };

enum pin_kind { PIN_REFERENCE = 0, PIN_READ = 1, PIN_WRITE = 2 };

// Little-endian, no padding: 56 and 24 bytes.
struct request {
    uint32_t operation;
    uint32_t process;
    uint32_t payload; // bytes that follow
    uint32_t reserved;
    uint64_t argument[5];
};

struct response {
    int64_t result;
    int32_t error;    // 0, an error number, or the negative number of a signal
    uint32_t payload; // bytes that follow
    uint64_t lost_turns; // how often a thread of the process had to leave its CPU while the operation was traced
};

enum { MAX_PAYLOAD = 65536 };

#endif
