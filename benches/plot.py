#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
"""Draws docs/speed.svg, pagewise's speed relative to its peers, from what the benchmarks printed.

A bar compares pagewise on 4 KiB pages with a peer that fills the same pages, or one buffer. It ends
at the geometric mean of the medians of all classes of files; a line spans the lowest to the highest
of them. Bars start at 1, and the scale is logarithmic: 2 and 1/2 are equally far from 1."""

import argparse
import collections
import math
import pathlib
import re
import sys
from xml.sax.saxutils import escape

TOP = pathlib.Path(__file__).resolve().parent.parent
# Panels, and the titles of the tables that a panel may show, the preferred one first. The kernel's
# makefiles compress at level 3. "zstd" is the title for files that were already compressed.
PANELS = {"gzip": ["gzip"], "xz": ["xz"], "zstd": ["zstd -3", "zstd"]}
# The column of each table that is drawn.
REFERENCE = "pagewise, 4 KiB pages"
# Builds of this crate, which are not peers.
OWN = ("pagewise", "safe", "base")
# Where a peer writes: how its row's name ends, what the legend says, and the class in the style.
WAYS = {"4 KiB pages": ("peer fills the same 4 KiB pages", "pages"),
        "flat": ("peer fills one buffer", "flat")}

# What report.rs prints.
TITLE = re.compile(r"(?P<title>[^,]+), (?P<size>\w+) \(.*\): (?P<files>\d+) files, \d+ bytes, "
                   r"(?P<rounds>\d+) rounds")
COLUMNS = re.compile(r"How many times as fast as the row is +MB/s  +(.+)")
QUARTILES = r" +(\d+\.\d{3}) \(\d+\.\d\d to \d+\.\d\d\)"
ROW = re.compile(rf"(?P<name>\S.*?) +\d+\.\d(?P<ratios>(?:{QUARTILES})+)")

# Pixels, with room for a sans-serif font that is wider than the author's.
WIDTH, LEFT, RIGHT = 760, 180, 44
BAR, GAP = 12, 10
TICKS = [0.125, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16]
STYLE = """
text { font: 12px sans-serif; fill: #1f2328 }
.head { font-size: 15px; font-weight: bold }
.panel { font-size: 13px; font-weight: bold }
.note { font-size: 11px; fill: #59636e }
.end { text-anchor: end }
.middle { text-anchor: middle }
.back { fill: #fff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0 }
.one { stroke: #1f2328; stroke-width: 1.5 }
.range { stroke: #1f2328 }
.pages { fill: #54aeff }
.flat { fill: #d4a72c }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note { fill: #9198a1 }
.back { fill: #0d1117; stroke: #3d444d }
.grid { stroke: #3d444d }
.one, .range { stroke: #e6edf3 }
.pages { fill: #1f6feb }
.flat { fill: #9e6a03 }
}"""


class Table:
    """All classes of one benchmark."""

    def __init__(self):
        self.files, self.rounds = 0, set()
        # Ratio in each class, by the name of the row.
        self.ratios = collections.defaultdict(dict)


def read(paths):
    """The tables by their titles, and the processor."""
    tables, processors = collections.defaultdict(Table), set()
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            sys.exit(f"{path}: {getattr(error, 'strerror', None) or error}")
        starts = [at for at, line in enumerate(lines) if TITLE.fullmatch(line)]
        if not starts:
            sys.exit(f"{path}: no table of a benchmark")
        for start in starts:
            rest = lines[start + 1:]
            rest = rest[:rest.index("")] if "" in rest else rest
            processors.update(rest[:1])
            read_table(path, TITLE.fullmatch(lines[start]), rest[1:], tables)
    if len(processors) != 1:
        sys.exit(f"figures of several processors: {', '.join(sorted(processors))}")
    return tables, processors.pop()


def read_table(path, title, lines, tables):
    table, size = tables[title["title"]], title["size"]
    columns = COLUMNS.fullmatch(lines[0]) if lines else None
    columns = re.split(" {2,}", columns[1]) if columns else []
    if REFERENCE not in columns or len(lines) < 2:
        sys.exit(f"{path}: no figures of \"{REFERENCE}\" below: {title[0]}")
    for line in lines[1:]:
        row = ROW.fullmatch(line)
        ratios = [float(ratio) for ratio in re.findall(QUARTILES, row["ratios"])] if row else []
        if len(ratios) != len(columns) or not all(ratios):
            sys.exit(f"{path}: not a row of figures: {line}")
        if size in table.ratios[row["name"]]:
            sys.exit(f"{path}: for the second time: {title['title']}, {size}, {row['name']}")
        table.ratios[row["name"]][size] = ratios[columns.index(REFERENCE)]
    table.files += int(title["files"])
    table.rounds.add(title["rounds"])


def peers_of(title, table):
    """Peers by name, each with its ratios by way and class; the fastest peer first."""
    checked = {name.split(",")[0] for name in table.ratios if "unchecked" not in name}
    peers = collections.defaultdict(dict)
    sizes = max(table.ratios.values(), key=len).keys()
    for row, ratios in table.ratios.items():
        name, way, *unchecked = row.split(", ")
        # A peer without the header and the checks is shown if the whole one was not measured.
        body = name.removesuffix(" body")
        if name in OWN or (body != name and body in checked):
            continue
        if way not in WAYS or ratios.keys() != sizes:
            sys.exit(f"{title}: \"{row}\" is missing in a class of files, or of an unknown kind")
        peers[body + " *" * bool(unchecked)][way] = ratios
    if not peers:
        sys.exit(f"{title}: no figures of a peer")
    return sorted(peers.items(), key=lambda peer: min(map(mean, peer[1].values())))


def mean(ratios):
    return math.exp(sum(map(math.log, ratios.values())) / len(ratios))


def draw(panels, processor):
    """The SVG of `panels`: lists of a title, its table and its peers."""
    every = [ratio for _, _, peers in panels for _, ways in peers for ratios in ways.values()
             for ratio in ratios.values()]
    if not TICKS[0] <= min(every) <= max(every) <= TICKS[-1]:
        sys.exit(f"beyond the scale: {min(every)} to {max(every)}")
    # The scale always has both sides of 1.
    low = max(tick for tick in TICKS if tick <= min(every) and tick < 1)
    high = min(tick for tick in TICKS if tick >= max(every) and tick > 1)
    scale = (WIDTH - LEFT - RIGHT) / math.log(high / low)

    def at(ratio):
        return round(LEFT + math.log(ratio / low) * scale, 1)

    out = []

    def text(x, y, words, kind=""):
        kind = f' class="{kind}"' if kind else ""
        out.append(f'<text x="{x:g}" y="{y:g}"{kind}>{escape(words)}</text>')

    def line(x1, y1, x2, y2, kind):
        out.append(f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" class="{kind}"/>')

    text(16, 28, "Speed of pagewise on 4 KiB pages, relative to other decoders", "head")
    x = 16
    for name, kind in WAYS.values():
        out.append(f'<rect x="{x}" y="41" width="{BAR}" height="{BAR}" class="{kind}"/>')
        text(x + 18, 51, name)
        x += 270
    text(at(1) - 8, 80, "← peer is faster", "note end")
    text(at(1) + 8, 80, "pagewise is faster →", "note")
    y = 86
    for title, table, peers in panels:
        bars = sum(len(ways) for _, ways in peers)
        bottom = y + 24 + bars * BAR + (len(peers) + 1) * GAP
        for tick in (tick for tick in TICKS if low <= tick <= high):
            line(at(tick), y + 24, at(tick), bottom, "one" if tick == 1 else "grid")
            text(at(tick), bottom + 13, f"{tick:g}", "note middle")
        text(16, y + 18, title, "panel")
        rounds = " or ".join(sorted(table.rounds, key=int))
        text(WIDTH - 16, y + 18, f"{table.files} files, medians of {rounds} rounds", "note end")
        y += 24 + GAP
        for name, ways in peers:
            text(LEFT - 44, y + len(ways) * BAR / 2 + 4, name, "end")
            for way, ratios in sorted(ways.items()):
                middle, ends = mean(ratios), (min(ratios.values()), max(ratios.values()))
                x1, x2 = sorted((at(1), at(middle)))
                figures = ", ".join(f"{size} {ratio:.2f}" for size, ratio in ratios.items())
                out.append(f'<rect x="{x1:g}" y="{y + 1}" width="{x2 - x1:.1f}" height="{BAR - 2}" '
                           f'class="{WAYS[way][1]}"><title>{escape(figures)}</title></rect>')
                if len(ratios) > 1:
                    line(at(ends[0]), y + BAR / 2, at(ends[1]), y + BAR / 2, "range")
                if middle < 1:
                    text(at(ends[0]) - 5, y + 10, f"{middle:.2f}", "note end")
                else:
                    text(max(at(ends[1]), at(1)) + 5, y + 10, f"{middle:.2f}", "note")
                y += BAR
            y += GAP
        y = bottom + 26
    notes = [processor + ". Logarithmic scale."]
    sizes = list(next(iter(panels[0][2][0][1].values())))
    if len(sizes) > 1:
        notes.append(f"Bar and number: geometric mean over {', '.join(sizes)} files. "
                     "Line: from the lowest to the highest of these.")
    if any(name.endswith("*") for _, _, peers in panels for name, _ in peers):
        notes.append("* does not verify the check. pagewise verifies every check.")
    for note in notes:
        text(16, y + 6, note, "note")
        y += 16
    height = y + 6
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">')
    return "\n".join([
        head, "<!-- Made by benches/plot.py. SPDX-License-Identifier: "
        "MIT OR Apache-2.0 OR GPL-2.0-only -->",
        '<title id="title">Speed of pagewise against its peers</title>',
        f'<desc id="desc">{escape(describe(panels))}</desc>', f"<style>{STYLE}\n</style>",
        f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6" class="back"/>',
        *out, "</svg>\n"])


def describe(panels):
    """All bars, in words."""
    said = ["Speed of pagewise on 4 KiB pages, relative to other decoders."]
    for title, _, peers in panels:
        bars = [f"{name.removesuffix(' *')}, {WAYS[way][0]}, {mean(ratios):.2f}"
                for name, ways in peers for way, ratios in sorted(ways.items())]
        said.append(f"{title}: {'; '.join(bars)}.")
    return " ".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE",
                        help="standard output of the benchmarks gzip, xz and zstd, in any files")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=TOP / "docs/speed.svg")
    arguments = parser.parse_args()
    tables, processor = read(arguments.files)
    panels = []
    for panel, titles in PANELS.items():
        title = next((title for title in titles if title in tables), None)
        if title is None:
            sys.exit(f"no table of {panel} in {', '.join(map(str, arguments.files))}")
        panels.append((title, tables[title], peers_of(title, tables[title])))
    arguments.output.write_text(draw(panels, processor), encoding="utf-8")


main()
