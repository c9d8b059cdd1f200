#!/usr/bin/env python3
"""One row of nearly-live.sh: what was forecast for programs with the same addresses, and what came. Exit code 1: too far apart."""
import json
import sys

COLUMNS = ["as they are", "pointers masked", "1 KiB parts", "256 B parts", "forecast", "came", "apart"]


def line(cells):
    return f"{cells[0]:<14} {cells[1]:>8} " + " ".join(f"{cell:>{max(len(name), 6)}}" for cell, name in zip(cells[2:], COLUMNS))


def share(nearly, key):
    return 100 * nearly[key] / nearly["read"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["nearly"]


def main():
    if sys.argv[1] == "--header":
        print("percent of the memory read that is or would be equal to other memory")
        print(line(["workload", "MiB read"] + COLUMNS) + "  verdict")
        return 0
    name, most, before, after = sys.argv[1], float(sys.argv[2]), read(sys.argv[3]), read(sys.argv[4])
    forecast, came = share(before, "started_alike"), share(after, "as_they_are")
    agrees = abs(forecast - came) <= most
    figures = [share(before, key) for key in ("as_they_are", "pointers_masked", "parts_of_1024", "parts_of_256")]
    cells = [f"{figure:.1f}" for figure in figures + [forecast, came, forecast - came]]
    print(line([name, f"{before['read'] / 2 ** 20:.0f}"] + cells) + ("  agrees" if agrees else "  DIFFERENT"), flush=True)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
