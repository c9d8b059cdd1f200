#!/usr/bin/env python3
"""Pages out a part of other processes' memory: of each private mapping every second run of 32 pages. Prints how many KiB went to swap.

usage: page_out.py PID..."""
import ctypes
import os
import sys

SYS_PROCESS_MADVISE, MADV_PAGEOUT = 440, 21
RUN = 32 * os.sysconf("SC_PAGE_SIZE")
MOST_VECTORS = 512

libc = ctypes.CDLL(None, use_errno=True)


class IoVec(ctypes.Structure):
    """Linux's struct iovec."""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def private_anonymous(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            fields = line.split(maxsplit=5)
            name = fields[5].strip() if len(fields) == 6 else ""
            if fields[1][3] == "p" and fields[1][1] == "w" and (not name or name.startswith("[heap") or name.startswith("[anon")):
                start, end = (int(part, 16) for part in fields[0].split("-"))
                yield from ((base, min(RUN, end - base)) for base in range(start, end, 2 * RUN))


def page_out(pid):
    runs = list(private_anonymous(pid))
    descriptor = os.pidfd_open(pid)
    for first in range(0, len(runs), MOST_VECTORS):
        part = runs[first:first + MOST_VECTORS]
        vectors = (IoVec * len(part))(*part)
        # What is locked, or gone meanwhile, ends a call early; the next one goes on behind it.
        libc.syscall(SYS_PROCESS_MADVISE, descriptor, vectors, ctypes.c_size_t(len(part)), MADV_PAGEOUT, 0)
    os.close(descriptor)


def swapped(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmSwap:")), 0)


def main():
    total = 0
    for pid in map(int, sys.argv[1:]):
        try:
            page_out(pid)
            total += swapped(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    print(total)


if __name__ == "__main__":
    main()
