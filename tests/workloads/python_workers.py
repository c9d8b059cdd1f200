#!/usr/bin/env python3
"""A pool of forked workers, in the manner of a web tier that forks after start-up.

The parent imports modules and builds tables, then forks the workers. What they inherit stays shared by fork for as
long as nobody writes it (reference counts do). Each worker deserialises the same documents and loads the same files on
its own, so equal pages exist in several processes that fork never shared. Prints "ready PID..." (the parent first),
then nobody runs any more until standard input ends.

usage: python_workers.py [--workers 4] [--records 20000]
"""
import argparse
import gc
import json
import os
import random
import signal


def build_tables(records):
    """What a parent loads before it forks: parsed settings, lookup tables, buffers."""
    import decimal, email.mime.text, http.client, logging, sqlite3, xml.dom.minidom  # noqa: F401, E401
    return {
        "names": {i: f"customer number {i}" for i in range(records // 4)},
        "buffers": [bytes(range(256)) * 16 for _ in range(200)],
        "cleared": bytearray(1 << 20),
    }


def make_documents(records):
    """The data set that every worker receives as text, as from a database or a cache."""
    return json.dumps([
        {"id": i, "name": f"item {i}", "price": i * 0.37, "tags": ["red", "green", str(i % 17)]}
        for i in range(records)
    ])


def deserialise(text):
    """One worker's own copy of the data set, the files it keeps in memory, and a buffer for answers."""
    documents = json.loads(text)
    files = [random.Random(number).randbytes(2 << 20) for number in range(8)]
    return documents, files, bytearray(256 << 10)


def fork_worker(run, *arguments):
    """Forks a process that calls run(ready, *arguments) and never returns; waits until it calls ready()."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        # The parent's end must not leave workers behind, however it comes.
        end_with_parent()
        try:
            run(lambda: os.close(writer), *arguments)
        finally:
            os._exit(1)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    return pid


def end_with_parent():
    import ctypes
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


def rest(ready, text):
    """A worker that has its data and waits for work that does not come."""
    held = deserialise(text)
    ready()
    while held:
        signal.pause()


def announce_and_wait(pids):
    """Says that all is in memory, rests until standard input ends, then ends the workers."""
    os.write(1, ("ready " + " ".join(map(str, [os.getpid(), *pids])) + "\n").encode())
    while os.read(0, 4096):
        pass
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def parse_arguments():
    parser = argparse.ArgumentParser(description="A pool of forked workers at rest.")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--records", type=int, default=20000)
    return parser.parse_known_args()[0]


def main():
    arguments = parse_arguments()
    # A collection would write to every object's header and un-share what fork shares.
    gc.disable()
    tables = build_tables(arguments.records)
    text = make_documents(arguments.records)
    gc.freeze()
    pids = [fork_worker(rest, text) for _ in range(arguments.workers)]
    announce_and_wait(pids)
    del tables


if __name__ == "__main__":
    main()
