#!/usr/bin/env python3
"""A price row of evaluate-live.sh: time and CPU time of a scan, predicted and as ksmd took them.

Exit codes: 0 they agree, 1 they differ, 2 they differ and the machine was busy, so it says nothing.
"""
import argparse
import json
import sys

TIME_WITHIN, CPU_WITHIN = 0.05, 0.20


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    parser.add_argument("--elapsed-nanoseconds", type=int)
    parser.add_argument("--ksmd-nanoseconds", type=int)
    parser.add_argument("--scanned", type=int)
    parser.add_argument("predicted")
    arguments = parser.parse_args()
    with open(arguments.predicted, encoding="utf-8") as file:
        scan = json.load(file)["total"]["scan"]
    pages = scan["pages"]
    time = pages * arguments.elapsed_nanoseconds / 1e9 / arguments.scanned
    cpu = arguments.ksmd_nanoseconds / arguments.scanned
    predicted_cpu = scan["scan_seconds"] * scan["cpu_share"] / pages * 1e9
    good = abs(scan["scan_seconds"] / time - 1) <= TIME_WITHIN and abs(predicted_cpu / cpu - 1) <= CPU_WITHIN
    verdict = "within 5 % and 20 %" if good else "not judged: the machine was busy" if scan["machine_busy"] else "DIFFERENT"
    print(f"{arguments.name:<17} a scan {scan['scan_seconds']:.2f}/{time:.2f} s, a page {predicted_cpu:.0f}/{cpu:.0f} ns  {verdict}", flush=True)
    return 0 if good else 2 if scan["machine_busy"] else 1


if __name__ == "__main__":
    sys.exit(main())
