# SPDX-License-Identifier: MIT
"""What is warm as a picture: how many times as long as Quire the others take, and how long single operations take.

Drawn from the JSON of the rows content, names and writes, as many of them as there are.
"""
import html
import json
import math

import content
import names
import served
import writes

ROWS = (names, content, writes)
# With their colours, which are read on white and on black.
PEERS = {served.BASE: "#1f83c4", "kernel, loop mount": "#858b94", "tmpfs": "#2f9e6e",
         "passthrough_ll, best settings": "#c9891c", "fuse2fs": "#cf5a42"}
# What they make durable is not, so that is not compared.
IN_MEMORY = ("tmpfs", "passthrough_ll, best settings")
WIDTH, LABELS, BAR = 1000, 250, 12
STYLE = """
.paper { fill: #ffffff } text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d1d9e0 } .one { stroke: #59636e }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #9198a1 }
}
"""


def text(x, y, words, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{html.escape(words)}</text>'


class Scale:
    """Powers of ten between two places."""

    def __init__(self, left, right, values):
        self.left, self.right = left, right
        self.first = math.floor(math.log10(min(values)))
        self.last = max(math.ceil(math.log10(max(values))), self.first + 1)

    def place(self, value):
        part = (math.log10(value) - self.first) / (self.last - self.first)
        return self.left + part * (self.right - self.left)

    def grid(self, top, bottom, label):
        for power in range(self.first, self.last + 1):
            x = self.place(10.0 ** power)
            yield f'<path d="M{x:.1f} {top} V{bottom}" class="grid"/>'
            yield text(x, top - 6, label(10.0 ** power), 'text-anchor="middle" class="quiet" font-size="11"')


def times(ratio):
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.2g}×"


def span(nanoseconds):
    for unit, length in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= length:
            return f"{nanoseconds / length:g} {unit}"
    return f"{nanoseconds:g} ns"


def bar(case, y, scale):
    ratio = case["times_as_long_as_quire"]["median"]
    one, end = scale.place(1), scale.place(ratio)
    yield (f'<rect x="{min(one, end):.1f}" y="{y + 1}" width="{abs(end - one):.1f}" height="{BAR - 2}" '
           f'fill="{PEERS[case["peer"]]}"/>')
    yield text(max(one, end) + 5, y + BAR - 2.5, times(ratio), 'class="quiet" font-size="10"')


def distribution(case, y, scale):
    """A line from the median, which is a dot, to 99.9 %; 99 % is a mark on it."""
    found, colour, middle = case["latencies"], PEERS[case["peer"]], y + BAR / 2
    p50, p99, end = (scale.place(max(found[key], 1)) for key in ("p50", "p99", "p99.9"))
    yield f'<path d="M{p50:.1f} {middle} H{end:.1f} M{p99:.1f} {middle - 4} v8" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{p50:.1f}" cy="{middle}" r="3.5" fill="{colour}"/>'


def legend(y):
    x = 12
    for peer, colour in PEERS.items():
        yield f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>'
        yield text(x + 18, y + 10.5, peer)
        x += 40 + 7 * len(peer)


def draw(measured):
    """MEASURED: titles, and cases by operation and peer."""
    cases = [c for _, operations in measured for peers in operations.values() for c in peers.values()]
    ratios = Scale(LABELS, 560, [1] + [c["times_as_long_as_quire"]["median"] for c in cases])
    spans = Scale(640, WIDTH - 30, [max(c["latencies"][key], 1) for c in cases for key in ("p50", "p99.9")])
    top, rows = 84, []
    y = top + 4
    for title, operations in measured:
        rows.append(text(12, y + 14, title, 'font-weight="bold"'))
        y += 24
        for operation, peers in operations.items():
            rows.append(text(LABELS - 12, y + BAR * len(peers) / 2 + 4, operation, 'text-anchor="end"'))
            for peer, case in peers.items():
                if peer != served.BASE:
                    rows += bar(case, y, ratios)
                rows += distribution(case, y, spans)
                y += BAR
            y += 10
        y += 4
    one = ratios.place(1)
    parts = [f'<rect width="{WIDTH}" height="{y + 10}" class="paper"/>', *legend(10),
             text(LABELS, 50, "times as long as Quire", 'font-weight="bold"'),
             text(640, 50, "single operations: 50 %, 99 % and 99.9 %", 'font-weight="bold"'),
             *ratios.grid(top, y, lambda value: f"{value:g}×"), *spans.grid(top, y, span),
             f'<path d="M{one:.1f} {top} V{y}" class="one"/>', *rows]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 10}" width="{WIDTH}" height="{y + 10}" '
            f'font-family="system-ui, sans-serif" font-size="12" role="img">'
            f"<title>Warm files: Quire and others</title><style>{STYLE}</style>"
            + "\n".join(parts) + "</svg>\n")


def of_row(file):
    """Cases by operation and peer, in the order of PEERS."""
    operations = {}
    for case in json.loads(file.read_text())["results"]:
        # Older results have none.
        if "latencies" in case:
            operations.setdefault(case["operation"], {})[case["peer"]] = case
    return {operation: {peer: found[peer] for peer in PEERS
                        if peer in found and not (peer in IN_MEMORY and "fsync" in operation)}
            for operation, found in operations.items()}


def write(folder):
    files = {row.TITLE: folder / f"{row.REPORT}.json" for row in ROWS}
    measured = {title: of_row(file) for title, file in files.items() if file.exists()}
    (folder / "warm.svg").write_text(draw([(title, found) for title, found in measured.items() if found]))
