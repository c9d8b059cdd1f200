#!/usr/bin/env python3
"""One row of evaluate-live.sh: predicted against real counters. Exit code 0 they agree, 1 they differ, 2 they differ
but the processes ran in between."""
import argparse
import collections
import json
import os
import sys

# The counters that decide; the others are shown when they differ. Of stopped processes all decide, and those of each process.
DECIDING = ["pages_shared", "pages_sharing", "ksm_zero_pages"]
SHOWN = ["pages_unshared", "stable_node_chains", "stable_node_dups"]
SHORT = {"pages_shared": "shared", "pages_sharing": "sharing", "ksm_zero_pages": "zero", "pages_unshared": "unshared",
         "stable_node_chains": "chains", "stable_node_dups": "dups"}
PER_PROCESS = ["ksm_merging_pages", "ksm_zero_pages", "ksm_rmap_items"]
WIDTHS = [20, 4, 1, 7] + [15] * 3 + [13] + [7, 11] + [11]
TOLERANCE = {"rest": 0.0, "marked": 0.0, "steps": 0.0, "stopped": 0.0, "working": 0.01, "busy": 0.01}
EVERY = DECIDING + SHOWN + ["pages_volatile", "general_profit"]
MOST_REASONS = 12
IN_STAGES = DECIDING + SHOWN + ["pages_volatile"]


def line(cells):
    return " ".join(f"{cell:<{width}}" if index == 0 else f"{cell:>{width}}"
                    for index, (cell, width) in enumerate(zip(cells, WIDTHS))).rstrip()


def header():
    print("predicted/real at the end of a full scan; max = max_page_sharing, z = use_zero_pages, ns = CPU time of ksmd")
    print(line(["workload", "max", "z", "pages"] + [SHORT[name] for name in DECIDING + SHOWN] + ["ns a page"]) + "  verdict")


def read_kernel(path):
    """Averages over all samples; a row at rest has one sample."""
    values = collections.defaultdict(list)
    with open(path, encoding="ascii") as file:
        for name, value in map(str.split, file):
            values[name].append(int(value))
    return {name: sum(samples) / len(samples) for name, samples in values.items()}


def read_processes(path):
    values = collections.defaultdict(dict)
    with open(path, encoding="ascii") as file:
        for pid, name, value in map(str.split, file):
            values[int(pid)][name] = int(value)
    return values


def stage_differences(total, path):
    """What stands after 1, 3 and 10 scans: every counter equal."""
    if not os.path.exists(path):
        return
    kernel = collections.defaultdict(dict)
    with open(path, encoding="ascii") as file:
        for scan, name, value in map(str.split, file):
            kernel[int(scan)][name] = int(value)
    for stage in total["settling"]["after"]:
        for name in IN_STAGES:
            if stage[name] != kernel[stage["scans"]][name]:
                yield f"after {stage['scans']} scans {name} {stage[name]}/{kernel[stage['scans']][name]}"


def range_differences(ranges, kernel):
    """What working processes came to lies between the least and the most that were predicted."""
    for name in DECIDING:
        least, most = sorted([ranges["least"][name], ranges["most"][name]])
        if not least <= kernel[name] <= most:
            yield f"{name} {number(kernel[name])} is not from {least} to {most}"


def busy_differences(total, kernel, tolerance):
    """For each counter that is not within the tolerance: its text, and whether the range that was predicted holds it."""
    for name in DECIDING:
        if not agree(total[name], kernel[name], tolerance):
            least, most = sorted([total["range"]["least"][name], total["range"]["most"][name]])
            where = "in" if least <= kernel[name] <= most else "not in"
            yield f"{name} {number(kernel[name])} is {where} the range {least} to {most}", where == "in"


def number(value):
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def agree(predicted, real, tolerance):
    return abs(predicted - real) <= tolerance * max(predicted, real)


def process_differences(predicted, real):
    for process in predicted.get("processes", []):
        kernel = real.get(process["pid"], {})
        for name in PER_PROCESS:
            if name in process and name in kernel and process[name] != kernel[name]:
                yield f"{process['pid']} {name} {process[name]}/{kernel[name]}"


def cost(arguments, total):
    """ksmd's CPU time for each page it looked at: what evaluate says a full scan costs, and what it cost here."""
    predicted = total.get("scan", {}).get("cost_per_page_ns")
    real = arguments.ksmd_nanoseconds / arguments.scanned if arguments.scanned else 0
    return f"{number(round(predicted)) if predicted else '-'}/{number(round(real)) if real else '-'}"


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--header", action="store_true")
    parser.add_argument("--name")
    parser.add_argument("--limit")
    parser.add_argument("--zero")
    parser.add_argument("--kind")
    parser.add_argument("--ran")
    parser.add_argument("--ksmd-nanoseconds", type=int)
    parser.add_argument("--scanned", type=int)
    parser.add_argument("--expected", default="", help="COUNTER=VALUE,... that must be predicted")
    parser.add_argument("directory", nargs="?")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.header:
        header()
        return 0
    with open(os.path.join(arguments.directory, "predicted.json"), encoding="utf-8") as file:
        predicted = json.load(file)
    total = predicted["total"]
    kernel = read_kernel(os.path.join(arguments.directory, "kernel"))
    processes = read_processes(os.path.join(arguments.directory, "processes"))
    tolerance = TOLERANCE[arguments.kind]

    shown = []
    if arguments.kind == "busy":
        outside = list(busy_differences(total, kernel, tolerance))
        wrong = [text for text, is_inside in outside if not is_inside]
        shown = [text for text, is_inside in outside if is_inside]
    else:
        deciding = EVERY if arguments.kind == "stopped" else DECIDING
        wrong = [f"{name} {number(total[name])}/{number(kernel[name])}" if name not in DECIDING + SHOWN else name
                 for name in deciding if not agree(total[name], kernel[name], tolerance)]
    known = [pair.split("=") for pair in arguments.expected.split(",") if pair]
    wrong += [f"{name}: {total[name]} instead of {value}" for name, value in known if total[name] != int(value)]
    if arguments.kind == "working":
        wrong += range_differences(total["range"], kernel)
    if arguments.kind == "stopped":
        wrong += process_differences(predicted, processes)
    wrong += stage_differences(total, os.path.join(arguments.directory, "stages"))
    verdict = "within 1 %" if tolerance else "equal"
    if shown:
        verdict = "in the range"
    if wrong:
        verdict = "DIFFERENT (the processes ran)" if arguments.ran == "yes" else "DIFFERENT"
    print(line([arguments.name, arguments.limit, arguments.zero, str(total["pages"])]
               + [f"{number(total[name])}/{number(kernel[name])}" if name in total else "-" for name in DECIDING + SHOWN]
               + [cost(arguments, total)]) + f"  {verdict}", flush=True)
    for text in shown:
        print(f"    {text}")
    for reason in wrong[:MOST_REASONS]:
        print(f"    differs: {reason}")
    if len(wrong) > MOST_REASONS:
        print(f"    and {len(wrong) - MOST_REASONS} more")

    if arguments.kind in ("rest", "marked", "steps"):
        also = [f"{name} {number(total[name])}/{number(kernel[name])}"
                for name in ["pages_volatile", "general_profit"] + SHOWN
                if name in total and total[name] != kernel[name]]
        also += process_differences(predicted, processes)
        for text in also[:12]:
            print(f"    also differs: {text}")
    if not wrong:
        return 0
    return 2 if arguments.ran == "yes" else 1


if __name__ == "__main__":
    sys.exit(main())
