#!/usr/bin/env python3
"""The pool of python_workers.py, but its workers go on working: each answers made-up requests at a steady rate,
which rewrites a small buffer, replaces some of its records, and leaves the rest of its memory alone.

usage: python_busy.py [--workers 4] [--records 20000] [--rate 20] [--seconds 120]
"""
import argparse
import gc
import json
import time

import python_workers


def serve(ready, text, number, rate, seconds):
    """Works until its time is over; the set of pages it writes to stays small and about the same."""
    documents, files, buffer = python_workers.deserialise(text)
    ready()
    end = time.monotonic() + seconds
    # No two workers get the same requests.
    request = number * 1_000_003
    while time.monotonic() < end:
        request += 1
        record = documents[request % 64]
        record["price"] = request * 0.01
        answer = json.dumps(record).encode() + files[request % 8][:1000]
        offset = request % 8 * 4096
        buffer[offset:offset + len(answer)] = answer
        time.sleep(1 / rate)


def parse_own_arguments():
    parser = argparse.ArgumentParser(description="A pool of forked workers that go on working.")
    parser.add_argument("--rate", type=float, default=20, help="requests a second in each worker")
    parser.add_argument("--seconds", type=float, default=120, help="how long they work at most")
    return parser.parse_known_args()[0]


def main():
    arguments = python_workers.parse_arguments()
    own = parse_own_arguments()
    gc.disable()
    tables = python_workers.build_tables(arguments.records)
    text = python_workers.make_documents(arguments.records)
    gc.freeze()
    pids = [python_workers.fork_worker(serve, text, number, own.rate, own.seconds)
            for number in range(arguments.workers)]
    python_workers.announce_and_wait(pids)
    del tables


if __name__ == "__main__":
    main()
