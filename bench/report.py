# SPDX-License-Identifier: MIT
"""The results as JSON, as a table in Markdown and as a picture."""
import html
import json

from measure import median_with_interval, ratio_with_interval

BAR, GAP, LEFT, WIDTH, HEAD = 22, 8, 190, 980, 46


def facts_of_peer(peer, base):
    facts = {"name": peer.name, "note": peer.note}
    if peer.missing or peer.failure or not peer.samples:
        facts["not_measured"] = peer.missing or peer.failure or "no rounds"
        return facts
    median, low, high = median_with_interval([s.wall for s in peer.samples])
    facts.update({
        "seconds": {"median": median, "low": low, "high": high},
        "rounds": [s.wall for s in peer.samples],
        "cpu_seconds": median_with_interval([s.cpu for s in peer.samples])[0],
        "peak_memory": max(s.memory for s in peer.samples),
        "compared": peer.level,
        "lossless": peer.lossless,
    })
    if base.samples and peer is not base and len(base.samples) == len(peer.samples):
        ratio, low, high = ratio_with_interval(peer, base)
        facts["times_as_long_as_quire"] = {"median": ratio, "low": low, "high": high}
    return facts


def facts_of_row(name, title, tree, peers):
    return {"row": name, "title": title,
            "tree": {"name": tree.name, "title": tree.title, "nodes": tree.nodes, "bytes": tree.bytes},
            "peers": [facts_of_peer(peer, peers[0]) for peer in peers]}


def mebibytes(count):
    return f"{count / 2**20:.1f} MiB"


def table(row):
    lines = [f"## {row['title']}: {row['tree']['title']} "
             f"({row['tree']['nodes']} nodes, {mebibytes(row['tree']['bytes'])})", "",
             "| | seconds, median (95 %) | against quire | CPU s | peak memory | keeps all metadata |",
             "|---|---|---|---|---|---|"]
    for peer in row["peers"]:
        note = f" ({peer['note']})" if peer["note"] else ""
        if "not_measured" in peer:
            lines.append(f"| {peer['name']}{note} | {peer['not_measured']} | | | | |")
            continue
        took = peer["seconds"]
        ratio = peer.get("times_as_long_as_quire")
        against = f"{ratio['median']:.2f} × ({ratio['low']:.2f}–{ratio['high']:.2f})" if ratio else ""
        lines.append(f"| {peer['name']}{note} | {took['median']:.3f} ({took['low']:.3f}–{took['high']:.3f}) "
                     f"| {against} | {peer['cpu_seconds']:.2f} | {mebibytes(peer['peak_memory'])} "
                     f"| {'yes' if peer['lossless'] else 'no'} |")
    return lines + [""]


def picture(rows):
    """Bars of the medians, a whisker for the interval; each row has a scale of its own."""
    parts, y = [], 10
    text = '<text x="{}" y="{}" {}>{}</text>'.format
    for row in rows:
        title = f"{row['title']}: {row['tree']['title']}, {row['tree']['nodes']} nodes"
        parts.append(text(10, y + 18, 'font-weight="bold"', html.escape(title)))
        y += HEAD - 18
        longest = max((p["seconds"]["high"] for p in row["peers"] if "seconds" in p), default=1)
        scale = (WIDTH - LEFT - 260) / longest
        for peer in row["peers"]:
            parts.append(text(LEFT - 8, y + 15, 'text-anchor="end"', html.escape(peer["name"])))
            if "not_measured" in peer:
                parts.append(text(LEFT, y + 15, 'fill="#777"', html.escape(peer["not_measured"])))
            else:
                took = peer["seconds"]
                colour = "#2a6f97" if peer["name"].startswith("quire") else "#b8b8b8"
                parts.append(f'<rect x="{LEFT}" y="{y}" width="{took["median"] * scale:.1f}" '
                             f'height="{BAR}" fill="{colour}"/>')
                parts.append(f'<path d="M{LEFT + took["low"] * scale:.1f} {y + BAR / 2} '
                             f'H{LEFT + took["high"] * scale:.1f}" stroke="#222"/>')
                label = f"{took['median']:.2f} s, peak {mebibytes(peer['peak_memory'])}"
                if not peer["lossless"]:
                    label += ", loses metadata"
                parts.append(text(LEFT + took["high"] * scale + 8, y + 15, "", html.escape(label)))
            y += BAR + GAP
        y += 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            f'font-family="sans-serif" font-size="13"><rect width="{WIDTH}" height="{y}" fill="white"/>'
            + "".join(parts) + "</svg>\n")


def write(folder, machine, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps({"version": 1, "machine": machine, "rows": rows},
                                                   indent=1) + "\n")
    lines = ["# Measurements", "", f"{machine['processor']}, {machine['cores']} cores, "
             f"Linux {machine['kernel']}, {machine['rounds']} rounds, sources and results in "
             f"{machine['where']}. {machine['versions']}.", ""]
    for row in rows:
        lines += table(row)
    (folder / "report.md").write_text("\n".join(lines))
    (folder / "report.svg").write_text(picture(rows))


def write_row(folder, machine, row, result):
    """A row whose program has made its peers take turns."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{row.REPORT}.json").write_text(json.dumps({"machine": machine, **result}, indent=1) + "\n")
    lines = [f"# {row.TITLE}", "", f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, "
             f"{result['rounds']} rounds. {row.NOTE}", ""]
    (folder / f"{row.REPORT}.md").write_text("\n".join(lines + row.table(result)))
