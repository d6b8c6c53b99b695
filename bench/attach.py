# SPDX-License-Identifier: MIT
"""Row 15: until the first byte has been read, and until a call has returned that changes what two others read.

By build/release/bin/bench_attach. Images, sources and sockets lie on tmpfs; the program makes the peers take turns.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import passthrough
import served
from measure import need, need_root
from trees import TOP

NAME = "attach"
REPORT = "attach"
TITLE = "Attaching and revoking"
NOTE = ("Wanted: a first byte within 5 ms, a change within 15 ms. The two readers and the writer share the cores with the server, so a "
        "change waits for its turn as well.")
PROGRAM = TOP / "build/release/bin/bench_attach"
MIB = 1 << 20


def build():
    subprocess.run([TOP / "tools/build", "release", "quire", "bench_attach"], check=True, stdout=subprocess.DEVNULL)


def make_files(work):
    tree = work / "tree"
    tree.mkdir()
    (tree / "small").write_bytes(os.urandom(4096))
    (tree / "shared").write_bytes(os.urandom(64 * MIB))
    served.pack(work, "160M")


def new_servers(work, missing):
    """Each has an image of its own, which nobody else has open."""
    def copy_of_image(name):
        return shutil.copy(work / "kernel.img", work / f"new-{name}.img")

    def mount(name, command):
        point = work / f"new-{served.folder_name(name)}"
        point.mkdir()
        return ["--mount", name, f"{command} {point}", str(point)]

    socket = work / "new-socket"
    arguments = ["--server", served.BASE, f"{served.QUIRE} serve {copy_of_image('quire')} -s {socket}", str(socket)]
    if not need_root():
        arguments += mount("kernel, loop mount", f"mount -o loop {copy_of_image('kernel')}")
    if not need("fuse2fs"):
        arguments += mount("fuse2fs", f"fuse2fs -f {copy_of_image('fuse2fs')}")
    program, reason = passthrough.build(work)
    if reason:
        missing["passthrough_ll"] = reason
    else:
        arguments += mount("passthrough_ll", f"{program} -o source={work / 'tree'}")
    return arguments


def measure(rounds, seed):
    with tempfile.TemporaryDirectory(prefix="quire-bench-", dir="/dev/shm") as work:
        work = pathlib.Path(work)
        make_files(work)
        arguments = ["--rounds", str(rounds), "--seed", str(seed), *new_servers(work, missing := {})]
        with served.Peers(work) as peers:
            for kind, name, where, _ in zip(*[iter(peers.arguments)] * 4):
                if kind == "--served":
                    arguments += ["--connection", name, where,
                                  "--program", name, f"{served.QUIRE} cat socket:{where}:/small"]
                else:
                    arguments += ["--program", name, f"cat {where}/small"]
                arguments += [kind, name, where]
            done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, check=True,
                                  env={**os.environ, "XDG_RUNTIME_DIR": str(work)})
        result = json.loads(done.stdout)
        result["missing"] = {**peers.missing, **missing}
        return served.compare(result)


def table(result):
    lines = ["## until the first byte of a small file, and until a change of a large one", "",
             "| | ms, median (95 %) | times as long as Quire |", "|---|---|---|"]
    for case in result["results"]:
        took, ratio = case["time"], case["times_as_long_as_quire"]
        lines.append(f"| {case['operation']}: {case['peer']} "
                     f"| {took['median'] / 1e6:.2f} ({took['low'] / 1e6:.2f}–{took['high'] / 1e6:.2f}) "
                     f"| {ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f}) |")
    lines += [f"| {name} | {reason} | |" for name, reason in result["missing"].items()]
    return lines + [""] + served.latencies(result, "ms", 1e6)
