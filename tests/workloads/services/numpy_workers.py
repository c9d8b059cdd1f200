#!/usr/bin/env python3
"""Forked workers with arrays: those that the parent made are shared by fork, and each worker has its own copy of the same data set.
Each answers HTTP on a port of its own, on the loopback interface, with a result of a few columns.

usage: numpy_workers.py PORT WORKERS"""
import http.server
import os
import sys

import numpy

ROWS, COLUMNS = 20_000, 64


class Handler(http.server.BaseHTTPRequestHandler):
    """One request: a column is scaled in place, and correlated with others."""

    protocol_version = "HTTP/1.1"
    own = common = None

    def do_GET(self):
        column = int(self.path.lstrip("/") or 0) % COLUMNS
        self.own[:, column] *= 1.0001
        body = str(numpy.corrcoef(self.own[:2000, column], self.common[:2000, column])[0, 1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


def main():
    port, workers = map(int, sys.argv[1:])
    Handler.common = numpy.random.default_rng(1).normal(size=(ROWS, COLUMNS))
    cleared = numpy.zeros((1000, 512))
    cleared += 0
    for number in range(workers):
        if os.fork() == 0:
            # As from one file: equal in all workers, and no page of it shared by fork.
            Handler.own = numpy.random.default_rng(2).normal(size=(ROWS, COLUMNS))
            http.server.HTTPServer(("127.0.0.1", port + number), Handler).serve_forever()
    os.wait()


if __name__ == "__main__":
    main()
