# SPDX-License-Identifier: MIT
"""Warm names, attributes and small files through a server, fuse2fs, the kernel, tmpfs and FUSE over that: rows 2 and 3.

All have the same ten thousand files of 4 KiB, six components deep, and look at each once before the rounds begin.
"""
import os
import pathlib
import shutil
import tempfile

import served

NAME = "names"
REPORT = "names"
TITLE = "Names, attributes and small files"
NOTE = served.NOTE
build = served.build


def make_files(work):
    for number in range(100):
        folder = work / f"tree/a/b/c/d/{number}"
        folder.mkdir(parents=True)
        for file in range(100):
            (folder / str(file)).write_bytes(os.urandom(4096))
    served.pack(work, "96M")


def measure(rounds, seed):
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as work, \
            tempfile.TemporaryDirectory(prefix="quire-bench-", dir="/dev/shm") as folder:
        work, folder = pathlib.Path(work), pathlib.Path(folder)
        make_files(work)
        with served.Peers(work) as peers:
            peers.mount_passthrough(folder)
            shutil.copytree(work / "tree", folder / "tree")
            peers.arguments += ["--mounted", "tmpfs", str(folder / "tree"), "0"]
            return served.take_turns(peers, rounds, seed, "--names")


def table(result):
    return served.rows_of(result, "## what is warm, by stat() and open(), read() and close(), and what is in their place")
