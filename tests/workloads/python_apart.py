#!/usr/bin/env python3
"""A worker that is started by itself, as a process manager without pre-forking starts its workers.

It loads what python_workers.py loads before and after its forks, but no two of these share anything by fork: each has addresses and
a hash seed of its own. Prints "ready PID" and rests until standard input ends.

usage: python_apart.py [--records 20000]
"""
import gc
import os
import sys

from python_workers import build_tables, deserialise, make_documents, parse_arguments


def count_words(documents):
    """Tables whose order in memory depends on how text is hashed."""
    words = {}
    for document in documents:
        for word in document["name"].split() + document["tags"]:
            words.setdefault(word, set()).add(document["id"])
    return words


def main():
    records = parse_arguments().records
    tables = build_tables(records)
    documents, _files, answers = deserialise(make_documents(records))
    words = count_words(documents)
    gc.collect()
    print("ready", os.getpid(), flush=True)
    sys.stdin.read()
    del tables, documents, answers, words


if __name__ == "__main__":
    main()
