# SPDX-License-Identifier: MIT
"""Open, stat, read and list through a server, fuse2fs and the kernel, by build/release/bin/bench_served.

All three have the same image, warm; the program makes them take turns.
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

import passthrough
from measure import median_with_interval
from trees import TOP

NAME = "served"
REPORT = "served"
TITLE = "Served files"
NOTE = ("Messages: both directions. Context switches: of client and server. CPU: of these two, without what the kernel does in "
        "threads of its own. Warming: until all of it has been looked at once; what an operation before has warmed stays warm.")
PROGRAM = TOP / "build/release/bin/bench_served"
QUIRE = TOP / "build/release/bin/quire"
BASE = "quire serve"
FILES = 1000


def build():
    subprocess.run([TOP / "tools/build", "release", "quire", "bench_served"], check=True,
                   stdout=subprocess.DEVNULL)


def make_images(work):
    tree = work / "tree/files"
    tree.mkdir(parents=True)
    for number in range(FILES):
        (tree / str(number)).write_bytes(bytes([number % 251]) * 4096)
    pack(work, "64M")


def pack(work, size):
    subprocess.run([QUIRE, "create", "-q", work / "served.img", "--from", work / "tree", "--size", size],
                   check=True)
    for name in ("kernel", "fuse2fs"):
        shutil.copy(work / "served.img", work / f"{name}.img")


def folder_name(peer):
    """A comma would end an option of a mount."""
    return re.sub(r"\W+", "-", peer)


class Peers:
    """Mounts and servers, gone at the end."""

    def __init__(self, work, options=()):
        self.work, self.undo, self.servers, self.arguments, self.missing = work, [], [], [], {}
        self.options, self.parent = options, 0

    def __enter__(self):
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.work)}
        subprocess.run([QUIRE, "serve", "-q", "-b", self.work / "served.img", "-s", self.work / "socket",
                        *self.options],
                       check=True, env=environment)
        told = subprocess.run([QUIRE, "ps", "--json", self.work / "socket"], check=True,
                              stdout=subprocess.PIPE, env=environment)
        parent = self.parent = json.loads(told.stdout)["pid"]
        self.undo.append(["kill", str(parent)])
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        self.arguments += ["--served", BASE, str(self.work / "socket"), children[0]]
        self.mount_kernel()
        self.mount_fuse()
        return self

    def __exit__(self, *_):
        for command in self.undo:
            subprocess.run(command, check=False)
        # Whoever looks at the images then finds all that was written.
        for server in self.servers:
            server.wait(60)
        for _ in range(600):
            if not pathlib.Path(f"/proc/{self.parent}").exists():
                break
            time.sleep(0.1)

    def mount_kernel(self):
        point = self.work / "kernel"
        point.mkdir()
        if os.geteuid() != 0:
            self.missing["kernel, loop mount"] = "needs root"
            return
        done = subprocess.run(["mount", "-o", "loop", self.work / "kernel.img", point], check=False,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.missing["kernel, loop mount"] = done.stderr.decode().strip()
            return
        self.undo.append(["umount", str(point)])
        self.arguments += ["--mounted", "kernel, loop mount", str(point), "0"]

    def mount_fuse(self):
        if not shutil.which("fuse2fs"):
            self.missing["fuse2fs"] = "not installed"
            return
        self.mount_by("fuse2fs", ["fuse2fs", "-f", self.work / "fuse2fs.img"])

    def mount_passthrough(self, folder):
        """libfuse's own example over the same files in memory: what FUSE costs without a filesystem or a disk."""
        program, reason = passthrough.build(self.work)
        for name, options in passthrough.PEERS.items():
            if reason:
                self.missing[name] = reason
                continue
            # One for each: what one caches of a file, another would change.
            source = folder / folder_name(name)
            shutil.copytree(self.work / "tree", source)
            self.mount_by(name, [program, "-f", "-o", f"source={source}{options}"])

    def mount_by(self, name, command):
        """The server stays in the foreground, and gets the mount point as its last argument."""
        point = self.work / folder_name(name)
        point.mkdir()
        server = subprocess.Popen([*command, point], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if os.path.ismount(point):
                break
            time.sleep(0.05)
        else:
            self.missing[name] = "does not mount here"
            server.kill()
            return
        self.undo.append(["fusermount3", "-u", str(point)])
        self.servers.append(server)
        self.arguments += ["--mounted", name, str(point), str(server.pid)]


def measure(rounds, seed):
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as work:
        work = pathlib.Path(work)
        make_images(work)
        with Peers(work) as peers:
            return take_turns(peers, rounds, seed)


def take_turns(peers, rounds, seed, *options):
    done = subprocess.run([PROGRAM, *options, "--rounds", str(rounds), "--seed", str(seed),
                           *peers.arguments], stdout=subprocess.PIPE, check=True)
    result = json.loads(done.stdout)
    result["missing"] = peers.missing
    for case in result["results"]:
        for whose in ("client", "server"):
            case[f"{whose}_processor_time"] = median_or_none(case[f"{whose}_processor_nanoseconds"])
    return compare(result)


def compare(result):
    """Adds medians, and ratios within a round."""
    for case in result["results"]:
        base = next(c for c in result["results"]
                    if c["operation"] == case["operation"] and c["peer"] == BASE)
        median, low, high = median_with_interval(case["nanoseconds"])
        case["time"] = {"median": median, "low": low, "high": high}
        ratio, low, high = median_with_interval(
            [c / b for b, c in zip(base["nanoseconds"], case["nanoseconds"])])
        case["times_as_long_as_quire"] = {"median": ratio, "low": low, "high": high}
    return result


def median_or_none(values):
    return statistics.median(values) if values else None


def table(result):
    return rows_of(result, "## open, stat, read (4 KiB) and list (1000 entries with attributes), warm")


def rows_of(result, title):
    lines = [title, "",
             "| | µs, median (95 %) | times as long as Quire | CPU µs, client + server | warming, ms | messages "
             "| context switches |",
             "|---|---|---|---|---|---|---|"]
    for case in result["results"]:
        took, ratio = case["time"], case["times_as_long_as_quire"]
        processor = " + ".join(f"{case[key] / 1000:.2f}" if case[key] is not None else "–"
                               for key in ("client_processor_time", "server_processor_time"))
        messages = f"{statistics.median(case['messages']):.2f}" if case["messages"] else "–"
        lines.append(f"| {case['operation']}: {case['peer']} "
                     f"| {took['median'] / 1000:.2f} ({took['low'] / 1000:.2f}–{took['high'] / 1000:.2f}) "
                     f"| {ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f}) "
                     f"| {processor} | {case['warming_nanoseconds'] / 1e6:.1f} "
                     f"| {messages} | {statistics.median(case['switches']):.2f} |")
    lines += [f"| {name} | {reason} | | | | | |" for name, reason in result["missing"].items()]
    return lines + [""] + latencies(result, "µs", 1000)


def latencies(result, unit, nanoseconds):
    """Single operations; what the clock costs is in them."""
    lines = [f"## single operations, {unit}", "",
             f"Reading the clock is in each, {result['clock']['p50']} ns mostly.", "",
             "| | 50 % | 90 % | 99 % | 99.9 % | longest | of |", "|---|---|---|---|---|---|---|"]
    for case in result["results"]:
        found = case["latencies"]
        figures = " | ".join(f"{found[key] / nanoseconds:.2f}" for key in ("p50", "p90", "p99", "p99.9", "max"))
        lines.append(f"| {case['operation']}: {case['peer']} | {figures} | {found['count']} |")
    return lines + [""]
