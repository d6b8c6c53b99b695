# SPDX-License-Identifier: MIT
"""Writes to files that stay open, through a server, fuse2fs, the kernel, tmpfs and FUSE over that, beside a copy in memory: row 6.

All have the same files, and write all of them once before the rounds begin; the program makes them take turns. What is made durable
lies on the machine's disk, and so do the images; tmpfs, FUSE over it and memory promise nothing.
"""
import pathlib
import subprocess
import tempfile

import content
import served

NAME = "writes"
REPORT = "writes"
TITLE = "Writing files"
NOTE = served.NOTE
build = served.build


def measure(rounds, seed):
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as work, \
            tempfile.TemporaryDirectory(prefix="quire-bench-", dir="/dev/shm") as folder:
        work = pathlib.Path(work)
        content.make_files(work, {"new": 0}, "384M")
        with served.Peers(work, ["--memory", "1G"]) as peers:
            content.add_memory(peers, pathlib.Path(folder))
            result = served.take_turns(peers, rounds, seed, "--writes")
        # What each has written is an image that is in order.
        for image in work.glob("*.img"):
            subprocess.run(["e2fsck", "-fn", image], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return result


def table(result):
    return served.rows_of(result, "## writing 4 KiB by pwrite() and what is in its place")
