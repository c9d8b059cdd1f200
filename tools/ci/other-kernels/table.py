#!/usr/bin/env python3
"""What the cases of other-kernels.sh found, as one table. Exit code: 0 every row agreed, 1 a row did not or is missing.

Arguments: one file for each kernel, as cases.sh writes it to the serial line."""
import json
import sys

# What ksmd ends at must be what was forecast, to the last counter.
COUNTERS = ["pages_shared", "pages_sharing", "pages_unshared", "pages_volatile", "ksm_zero_pages",
            "stable_node_chains", "stable_node_dups"]
SHORT = {"pages_shared": "shared", "pages_sharing": "sharing", "pages_unshared": "unshared", "pages_volatile": "volatile",
         "ksm_zero_pages": "zero", "stable_node_chains": "chains", "stable_node_dups": "dups"}
WIDTHS = [26, 20, 38, 38]


class Row:
    """One row: what is compared, and what is said below it."""

    def __init__(self, kernel, name):
        self.kernel = kernel
        self.name = name
        self.forecast = None
        self.real = {}
        self.pairs = []
        self.notes = []
        self.skipped = None
        self.unjudged = None
        self.is_done = False

    def add(self, word, rest):
        if word == "forecast":
            self.forecast = json.loads(rest)
        elif word == "real":
            counter, value = rest.split()
            self.real[counter] = int(value)
        elif word in ("compare", "compare-quiet"):
            path, measured, percent = rest.split()
            self.compare(path, float(measured), float(percent), word == "compare-quiet")
        elif word == "same":
            words = rest.split()
            said, measured = words[1:] if len(words) == 3 else (f"{words[1:]}", "two words")
            self.pairs.append((words[0], said, measured, said == measured))
        elif word == "skip":
            self.skipped = rest
        elif word == "note":
            self.notes.append(rest)
        elif word == "done":
            self.is_done = True
        else:
            self.notes.append(f"not understood: {word} {rest}")
            self.is_done = False

    def compare(self, path, measured, percent, needs_quiet):
        value = self.forecast
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        agrees = value is not None and abs(value - measured) <= percent / 100 * max(abs(value), abs(measured))
        if needs_quiet and not agrees and self.forecast["total"]["scan"]["machine_busy"]:
            self.unjudged = f"not judged, since the machine was busy: {path.split('.')[-1]} {value:.6g}, measured {measured:.6g}"
            return
        self.pairs.append((path.split(".")[-1], "missing" if value is None else f"{value:.6g}", f"{measured:.6g}", agrees))

    def finish(self):
        if self.forecast is not None and self.real:
            total = self.forecast["total"]
            self.pairs = [(SHORT[name], str(total[name]), str(self.real[name]), total[name] == self.real[name])
                          for name in COUNTERS if name in total and name in self.real
                          and (total[name] or self.real[name])] + self.pairs

    def verdict(self):
        if not self.is_done:
            return "DID NOT END"
        if self.skipped is not None:
            return "skipped"
        if not self.pairs:
            return "NOTHING COMPARED"
        if self.unjudged is not None and all(pair[3] for pair in self.pairs):
            return "not judged"
        return "agrees" if all(pair[3] for pair in self.pairs) else "DIFFERS"

    def show(self):
        verdict = self.verdict()
        said = [f"{what} {value}" for what, value, _, _ in self.pairs] or ["-"]
        seen = [f"{what} {value}" for what, _, value, _ in self.pairs] or ["-"]
        left = [self.kernel, self.name]
        for number, (forecast, measured) in enumerate(wrap_both(said, seen)):
            cells = (left if number == 0 else ["", ""]) + [forecast, measured]
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS)).rstrip()
                  + (f"  {verdict}" if number == 0 else ""))
        for what, value, measured, agrees in self.pairs:
            if not agrees:
                print(f"    differs: {what} {value}, measured {measured}")
        for note in self.notes + [text for text in (self.unjudged, self.skipped) if text]:
            print(f"    {note}")
        return verdict in ("agrees", "skipped", "not judged")


def wrap_both(said, seen):
    """The same pairs side by side, so many on a line as fit in both columns."""
    lines = [("", "")]
    for one, other in zip(said, seen):
        last = lines[-1]
        longer = (f"{last[0]}, {one}" if last[0] else one, f"{last[1]}, {other}" if last[1] else other)
        if last[0] and max(map(len, longer)) > WIDTHS[2]:
            lines.append((one, other))
        else:
            lines[-1] = longer
    return lines


def read(path):
    kernel, rows, current, has_finished = path, [], None, False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            word, _, rest = line.strip("\r\n\0").partition(" ")
            if word == "kernel":
                kernel = rest.split()[0]
            elif word == "row":
                case, name = rest.split()
                current = Row(kernel, f"{case} {name}")
                rows.append(current)
            elif word == "finished":
                has_finished = True
            elif word and current is not None:
                current.add(word, rest)
    return kernel, rows, has_finished


def main():
    is_good, agreed, all_rows = True, 0, 0
    print("  ".join(f"{cell:<{width}}" for cell, width in zip(["kernel", "case", "forecast", "measured"], WIDTHS)) + "  verdict")
    for path in sys.argv[1:]:
        kernel, rows, has_finished = read(path)
        for row in rows:
            row.finish()
            all_rows += 1
            if row.show():
                agreed += row.verdict() == "agrees"
            else:
                is_good = False
        if not rows or not has_finished:
            print(f"{kernel}: the machine ended before the cases did")
            is_good = False
    print(f"{all_rows} rows, {agreed} agree")
    return 0 if is_good and agreed else 1


if __name__ == "__main__":
    sys.exit(main())
