#!/usr/bin/env python3
"""Sends GET requests to loopback servers at a steady rate until time is over or a server ends.

usage: http_load.py SECONDS RATE PORT..."""
import http.client
import sys
import time


def main():
    seconds, rate, ports = float(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for port in ports]
    end = time.monotonic() + seconds
    request = 0
    while time.monotonic() < end:
        connection = connections[request % len(connections)]
        try:
            connection.request("GET", f"/{request % 64}")
            connection.getresponse().read()
        except (ConnectionError, http.client.HTTPException):
            return
        request += 1
        time.sleep(1 / rate)


if __name__ == "__main__":
    main()
