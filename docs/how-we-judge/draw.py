#!/usr/bin/env python3
"""Draws the pictures of how-we-judge.md from histories of leakbench. Needs nothing but Python.

    cargo build --release && python3 docs/how-we-judge/draw.py target/release/poolgate docs/how-we-judge
"""

import csv
import io
import subprocess
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 330, 62, 16, 34, 44
GREY, BLUE, RED, GREEN, IDLE = "#9aa0a6", "#1a56a0", "#c0392b", "#2e7d32", "#eceff1"
BLOCKS = 24


def history(program, name):
    text = subprocess.run([program, "bench", "--series", name], check=True, capture_output=True, text=True).stdout
    return [
        {"slot": int(row["slot"]), "part": row["part"], "block": int(row["block"]), "work": row["work"] == "1",
         "objects": int(row["objects"])}
        for row in csv.DictReader(io.StringIO(text))
    ]


def troughs(rows, count):
    """The lowest sample of each of so many equal blocks, wherever the block is: (first slot, last slot, objects)."""
    each = len(rows) // count
    rows = rows[len(rows) - each * count:]
    bars = []
    for at in range(count):
        block = rows[at * each:(at + 1) * each]
        low = min(row["objects"] for row in block)
        start = block[0]["slot"]
        for row, following in zip(block, [*block[1:], None]):
            if following is None or following["slot"] > row["slot"] + 1:
                bars.append((start, row["slot"], low))
                start = following and following["slot"]
    return bars


class Picture:
    def __init__(self, title, rows):
        self.slots = (rows[0]["slot"], rows[-1]["slot"])
        values = [row["objects"] for row in rows]
        pad = (max(values) - min(values)) * 0.06 + 1
        self.values = (min(values) - pad, max(values) + pad)
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="sans-serif" font-size="13">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        ]

    def x(self, slot):
        first, last = self.slots
        return LEFT + (slot - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, objects):
        low, high = self.values
        return HEIGHT - BOTTOM - (objects - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def band(self, first, last, colour):
        x, end = self.x(first), self.x(last)
        self.parts.append(f'<rect x="{x:.1f}" y="{TOP}" width="{end - x:.1f}" height="{HEIGHT - TOP - BOTTOM}" '
                          f'fill="{colour}"/>')

    def dots(self, rows, colour=GREY):
        marks = "".join(f"M{self.x(row['slot']):.1f} {self.y(row['objects']):.1f}h0" for row in rows)
        self.parts.append(f'<path d="{marks}" stroke="{colour}" stroke-width="2.4" stroke-linecap="round"/>')

    def bars(self, blocks, colour):
        marks = "".join(f"M{self.x(a):.1f} {self.y(low):.1f}H{self.x(b):.1f}" for a, b, low in blocks)
        self.parts.append(f'<path d="{marks}" stroke="{colour}" stroke-width="3" fill="none"/>')

    def line(self, a, b, colour, dash="6 4"):
        (xa, ya), (xb, yb) = a, b
        self.parts.append(f'<path d="M{self.x(xa):.1f} {self.y(ya):.1f}L{self.x(xb):.1f} {self.y(yb):.1f}" '
                          f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dash}" fill="none"/>')

    def text(self, slot, y, words, colour="#333", anchor="middle"):
        self.parts.append(f'<text x="{self.x(slot):.1f}" y="{y}" fill="{colour}" text-anchor="{anchor}">{words}</text>')

    def save(self, path):
        low, high = self.values
        step = next(size for size in (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000) if (high - low) / size <= 7)
        tick = int(low // step + 1) * step
        while tick < high:
            y = self.y(tick)
            self.parts.append(f'<path d="M{LEFT - 4} {y:.1f}h4" stroke="#333"/>'
                              f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#333">{tick}</text>')
            tick += step
        self.parts.append(f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" stroke="#333" fill="none"/>')
        self.parts.append(f'<text x="14" y="{HEIGHT / 2}" transform="rotate(-90 14 {HEIGHT / 2})" '
                          f'text-anchor="middle" fill="#333">objects in use</text>')
        path.write_text("\n".join(self.parts) + "\n</svg>\n", encoding="utf-8")


def first_look(rows, path):
    rows = [row for row in rows if row["part"] != "second look"]
    work = [row for row in rows if row["part"] == "workload"]
    judged = work[len(work) // 5:]
    picture = Picture("A leak of 0.3 objects an iteration beside ordinary noise", rows)
    picture.band(work[0]["slot"], judged[0]["slot"], "#f6f3e8")
    picture.dots(rows)
    low = troughs(judged, BLOCKS)
    picture.bars(low, RED)
    picture.text((work[0]["slot"] + judged[0]["slot"]) / 2, TOP - 10, "warm-up: not judged")
    picture.text((judged[0]["slot"] + judged[-1]["slot"]) / 2, TOP - 10, "24 blocks, and the lowest sample of each",
                 RED)
    picture.text((picture.slots[0] + picture.slots[1]) / 2, HEIGHT - 14, "iterations of the workload")
    picture.save(path)


def both_looks(rows, path):
    work = [row for row in rows if row["part"] == "workload"]
    again = [row for row in rows if row["part"] == "second look"]
    picture = Picture("Something that fills up: growth which does not go on", rows)
    picture.dots(rows)
    picture.bars(troughs(work[len(work) // 5:], BLOCKS), RED)
    busy = [row for row in again if row["work"]]
    picture.bars(troughs(busy[len(busy) // 5:], BLOCKS), BLUE)
    edge = again[0]["slot"]
    picture.parts.append(f'<path d="M{picture.x(edge):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#333"/>')
    picture.text(work[len(work) // 2]["slot"], TOP - 10, "first look: a candidate", RED)
    picture.text(again[len(again) // 2]["slot"], TOP - 10, "second look, three times as long: it did not persist",
                 BLUE)
    picture.text((picture.slots[0] + picture.slots[1]) / 2, HEIGHT - 14, "slots, each as long as an iteration")
    picture.save(path)


def work_and_rest(leak, background, path):
    halves = []
    for rows, words, colour in ((leak, "caused by the workload: it rests when the workload rests", RED),
                                (background, "not caused by the workload: it goes on", GREEN)):
        again = [row for row in rows if row["part"] == "second look"]
        picture = Picture("Two tags which grow, in a second look", again)
        for block in range(1, 13):
            rest = [row for row in again if row["block"] == block and not row["work"]]
            if rest:
                picture.band(rest[0]["slot"], rest[-1]["slot"], IDLE)
        picture.dots(again)
        for block in range(1, 13):
            picture.bars(troughs([row for row in again if row["block"] == block], 2), colour)
        picture.text((picture.slots[0] + picture.slots[1]) / 2, TOP - 10, words, colour)
        picture.text((picture.slots[0] + picture.slots[1]) / 2, HEIGHT - 14,
                     "slots of the second look; grey bands: the workload rests")
        halves.append(picture)
    halves[0].save(path)
    upper = path.read_text(encoding="utf-8").splitlines()
    halves[1].save(path)
    lower = path.read_text(encoding="utf-8").splitlines()
    head = upper[0].replace(f'viewBox="0 0 {WIDTH} {HEIGHT}"', f'viewBox="0 0 {WIDTH} {2 * HEIGHT}"')
    body = [head, *upper[1:-1], f'<g transform="translate(0 {HEIGHT})">', *lower[2:-1], "</g>", "</svg>"]
    path.write_text("\n".join(body) + "\n", encoding="utf-8")


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    leak, fill, background = (history(program, name) for name in ("leak", "fill", "background"))
    first_look(leak, folder / "first-look.svg")
    both_looks(fill, folder / "second-look.svg")
    work_and_rest(leak, background, folder / "work-and-rest.svg")


main()
