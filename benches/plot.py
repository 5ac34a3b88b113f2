#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
"""Draws docs/speed.svg from what the benchmarks print: benches/plot.py OUTPUT... >docs/speed.svg

For each peer of each format: how many times as fast as the peer pagewise is on 4 KiB pages, over small, mid and large
files. The scale is logarithmic. Peers that are this crate, or do not do all the work ("body"), are left out.
"""
import math
import re
import sys
from html import escape

TABLE = re.compile(r"^(?P<format>[\w ,-]+), (?P<size>small|mid|large) \(.* rounds$")
ROW = re.compile(r"^(?P<peer>\S.*?)\s+[\d.]+\s+(?P<ratio>\d+\.\d+) \(")
SIZES = ["small", "mid", "large"]
LEFT, RIGHT, WIDTH, ROW_HEIGHT = 270, 30, 780, 20
TICKS = [0.75, 1, 1.5, 2, 3, 4]
STYLE = """
text { font: 13px sans-serif; fill: #24292f } .head { font-weight: bold } .small { font-size: 11px }
.grid { stroke: #8c959f; stroke-opacity: .35 } .one { stroke: #24292f; stroke-width: 1.5 }
.range { stroke: #0969da; stroke-opacity: .45; stroke-width: 3 } .dot { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .one { stroke: #e6edf3 } .range { stroke: #58a6ff } .dot { fill: #58a6ff } }
"""


def read(names):
    """{format: {peer: {size: ratio}}}, in the order of the files."""
    formats, table = {}, None
    for line in (line.rstrip() for name in names for line in open(name, encoding="utf-8")):
        if head := TABLE.match(line):
            table = head
        elif not line:
            table = None
        elif table and (row := ROW.match(line)):
            peer = row["peer"]
            if not re.match(r"pagewise|safe|base|.* body", peer):
                peers = formats.setdefault(table["format"], {})
                peers.setdefault(peer, {})[table["size"]] = float(row["ratio"])
    return formats


def place(ratio, low, high):
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(ratio / low) / math.log(high / low)


def draw(formats):
    ratios = [ratio for peers in formats.values() for sizes in peers.values() for ratio in sizes.values()]
    low, high = min(0.75, min(ratios) / 1.05), max(2, max(ratios) * 1.1)
    x = lambda ratio: round(place(ratio, low, high), 1)
    parts, y = [], 44
    top = y
    for name, peers in formats.items():
        y += 16
        parts.append(f'<text class="head" x="12" y="{y + 4}">{escape(name)}</text>')
        y += 8
        for peer, sizes in peers.items():
            y += ROW_HEIGHT
            points = [x(sizes[size]) for size in SIZES if size in sizes]
            label = peer.replace(", unchecked", " (no checksum)")
            parts.append(f'<text x="24" y="{y + 4}">{escape(label)}</text>')
            parts.append(f'<path class="range" d="M{min(points)} {y}H{max(points)}"/>')
            for size, point in zip((size for size in SIZES if size in sizes), points):
                radius = {"small": 2.5, "mid": 4, "large": 5.5}[size]
                title = f"{size}: {sizes[size]:.2f}"
                parts.append(f'<circle class="dot" cx="{point}" cy="{y}" r="{radius}"><title>{title}</title></circle>')
        y += 14
    height = y + 30
    grid = []
    for tick in (tick for tick in TICKS if low <= tick <= high):
        kind = "one" if tick == 1 else "grid"
        grid.append(f'<path class="{kind}" d="M{x(tick)} {top}V{y}"/>')
        grid.append(f'<text class="small" text-anchor="middle" x="{x(tick)}" y="{y + 16}">{tick:g}</text>')
    title = "How many times as fast as its peers pagewise is, on 4 KiB pages"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">
<!-- SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only. Made by benches/plot.py. -->
<title>{title}</title>
<style>{STYLE}</style>
<text class="head" x="12" y="20">{title}</text>
<text class="small" x="12" y="36">Dots: small, mid and large files. Right of the line at 1 pagewise is faster.</text>
{chr(10).join(grid + parts)}
</svg>
"""


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    formats = read(sys.argv[1:])
    if not formats:
        sys.exit("plot.py: no table of a benchmark in " + ", ".join(sys.argv[1:]))
    sys.stdout.write(draw(formats))


main()
