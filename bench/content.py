# SPDX-License-Identifier: MIT
"""Warm content of files that stay open, through a server, fuse2fs, the kernel, tmpfs and FUSE over that, beside a copy in memory.

All have the same files, and read them once before the rounds begin; the program makes them take turns.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import served

NAME = "content"
REPORT = "content"
TITLE = "Content of files"
NOTE = served.NOTE
build = served.build
MIB = 1 << 20


def make_files(work, others=None, image="320M"):
    tree = work / "tree"
    tree.mkdir()
    for name, size in {"small": 2 * MIB, "large": 256 * MIB, **(others or {})}.items():
        with open(tree / name, "wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))
    served.pack(work, image)


def add_memory(peers, folder):
    peers.mount_passthrough(folder)
    shutil.copytree(peers.work / "tree", folder / "tree")
    peers.arguments += ["--mounted", "tmpfs", str(folder / "tree"), "0",
                        "--memory", "memcpy", str(folder / "tree"), "0"]


def measure(rounds, seed):
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as work, \
            tempfile.TemporaryDirectory(prefix="quire-bench-", dir="/dev/shm") as folder:
        work = pathlib.Path(work)
        make_files(work)
        with served.Peers(work, ["--memory", "512M"]) as peers:
            add_memory(peers, pathlib.Path(folder))
            return served.take_turns(peers, rounds, seed, "--content")


def table(result):
    return served.rows_of(result, "## reading what is warm, by pread() and what is in its place")
