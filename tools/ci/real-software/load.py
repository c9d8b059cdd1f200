#!/usr/bin/env python3
"""A light load on servers of this machine's loopback interface, at a steady rate, until its time is over.

usage: load.py http|redis|memcached|memcached-fill SECONDS RATE PORT...   (memcached-fill: no rate, ends when all is stored)"""
import http.client
import socket
import sys
import time

KEYS = 40_000


def value_of(key, length=500):
    return (f"value of {key} " * (length // 8))[:length]


class Http:
    """Gets pages; a connection that the server closes is opened again."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def request(self, number):
        try:
            self.connection.request("GET", f"/{number % 64}")
            self.connection.getresponse().read()
        except (ConnectionError, http.client.HTTPException):
            self.connection.close()


class Lines:
    """A protocol of lines over one connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")

    def send(self, text):
        self.socket.sendall(text.encode())

    def line(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server has gone")
        return line


class Redis(Lines):
    """One write in ten; the keys are those of redis-benchmark."""

    def request(self, number):
        key = f"key:{number * 7919 % 60_000:012d}"
        if number % 10 == 0:
            self.send(f"SET {key} {'x' * 290}{number % 10_000_000_000:010d}\r\n")
            self.line()
        else:
            self.send(f"GET {key}\r\n")
            length = int(self.line()[1:])
            if length >= 0:  # What was never stored has none.
                self.file.read(length + 2)


class Memcached(Lines):
    """One write in ten."""

    def request(self, number):
        key = number * 7919 % KEYS
        if number % 10 == 0:
            self.store(key, value_of(f"{key} {number}"))
        else:
            self.send(f"get {key}\r\n")
            while not self.line().startswith(b"END"):
                pass

    def store(self, key, value):
        self.send(f"set {key} 0 0 {len(value)}\r\n{value}\r\n")
        answer = self.line()
        if not answer.startswith(b"STORED"):
            raise SystemExit(f"memcached says {answer!r}")


KINDS = {"http": Http, "redis": Redis, "memcached": Memcached}


def main():
    kind, seconds, rate, ports = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), [int(port) for port in sys.argv[4:]]
    if kind == "memcached-fill":
        for connection in map(Memcached, ports):
            for key in range(KEYS):
                connection.store(key, value_of(key))
        return
    connections = [KINDS[kind](port) for port in ports]
    start, number = time.monotonic(), 0
    while (now := time.monotonic()) < start + seconds:
        try:
            connections[number % len(connections)].request(number)
        except ConnectionError:
            return
        number += 1
        time.sleep(max(0.0, start + number / rate - now))


if __name__ == "__main__":
    main()
