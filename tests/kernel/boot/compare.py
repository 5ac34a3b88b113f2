# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
"""The reports of the boots in a directory as a table: medians, and from the least to the most."""

import pathlib
import re
import statistics
import sys

UNITS = {"min": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


def seconds(text):
    """What systemd means by, for example, 1min 2.345s."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(min|ms|us|s)\b", text))


def loading(report):
    """Seconds in which at least one call that loads a module was in progress, and how many calls there were."""
    begun, spans = {}, []
    for task, time, event in re.findall(r"trace\s+(\S+)\s.*?\s([\d.]+): (enter|exit)_\w+:", report):
        if event == "enter":
            begun[task] = float(time)
        elif task in begun:
            spans.append((begun.pop(task), float(time)))
    total, until = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total, len(spans)


def figures(report, who):
    used = set(re.findall(r"trace .* enter_(\w+):", report))
    expected = "init_module" if who == "kmod" else "finit_module"
    if used != {expected}:
        sys.exit(f"{who}: modules are loaded by {used}, and not by {expected} alone")
    start = re.search(r"Startup finished in (.*) \(kernel\) \+ (.*) \(userspace\) = (.*)", report)
    spent, calls = loading(report)
    return {
        "kernel, s": seconds(start[1]),
        "userspace, s": seconds(start[2]),
        "total, s": seconds(start[3]),
        "with a module loading, s": spent,
        "calls": calls,
        "modules": int(re.search(r"boot: modules (\d+)", report)[1]),
        "memory at most, MiB": int(re.search(r"boot: memory (\d+) KiB", report)[1]) / 1024,
    }


def main():
    directory = pathlib.Path(sys.argv[1])
    for suffix in "gz", "xz", "zst":
        columns = {}
        for who in "kmod", "kernel", "pagewise":
            reports = sorted(directory.glob(f"{who}.{suffix}.*.log"))
            columns[who] = [figures(report.read_text(errors="replace"), who) for report in reports]
        print(f"{suffix:30}" + "".join(f"{who:>28}" for who in columns))
        for name in columns["kmod"][0]:
            line = f"  {name:28}"
            for runs in columns.values():
                values = [run[name] for run in runs]
                cell = f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
                line += f"{cell:>28}"
            print(line)


main()
