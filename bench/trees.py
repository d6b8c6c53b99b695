# SPDX-License-Identifier: MIT
"""The trees that are packed and unpacked, each as a directory and as a tar stream.

They are made once, kept in build/bench, and laid out in memory (tmpfs) for a run, so that the rows
compare programs and not disks.
"""
import dataclasses
import json
import math
import os
import pathlib
import random
import shutil
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent
TAR = ["tar", "--format=posix", "--numeric-owner", "--xattrs", "--acls", "--sort=name", "--sparse"]


@dataclasses.dataclass
class Tree:
    name: str
    title: str
    directory: pathlib.Path
    archive: pathlib.Path
    nodes: int
    bytes: int
    hashes: dict

    @property
    def image_blocks(self):
        """4 KiB blocks of an image with some room, the same for every peer."""
        return math.ceil(self.bytes * 1.15 / 4096) + self.nodes * 3 // 2 + 16384

    @property
    def inodes(self):
        """mke2fs's default is too few for many small files, so each peer is told the same."""
        return (self.nodes + 1024 + 7) // 8 * 8


def hashes(source, *options):
    """What tools/tree-hash says of a directory or, with --tar, of an archive."""
    done = subprocess.run([str(TOP / "tools/tree-hash"), "--json", *options, str(source)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode().strip().splitlines()[-1])
    return json.loads(done.stdout)


def make_minbase(archive):
    """A Debian root filesystem by mmdebstrap; where that can't be, this machine's /usr/share."""
    if shutil.which("mmdebstrap"):
        done = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", str(archive)],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            return "Debian minbase"
    files = subprocess.run(["find", "usr/share", "-type", "f"], cwd="/", stdout=subprocess.PIPE,
                           check=True).stdout.splitlines()[:10000]
    subprocess.run([*TAR, "-C", "/", "-cf", str(archive), "--null", "-T", "-"],
                   input=b"\0".join(files), check=True)
    return "10 000 files of /usr/share (mmdebstrap made no Debian minbase)"


def make_many(directory):
    """60 000 small files: sizes with a long tail, contents from a fixed seed."""
    chance = random.Random(14)
    noise = chance.randbytes(1 << 20)
    for number in range(60000):
        folder = directory / f"{number // 1500:02d}" / f"{number // 25 % 60:02d}"
        if number % 25 == 0:
            folder.mkdir(parents=True)
        size = min(int(chance.lognormvariate(7.6, 1.3)), 1 << 19)
        start = chance.randrange(len(noise) - size)
        (folder / f"file-{number:05d}").write_bytes(noise[start:start + size])


def lay_out(name, work, keep):
    """The tree NAME in WORK, made or taken from KEEP."""
    directory, archive = work / name, work / f"{name}.tar"
    directory.mkdir()
    title = "60 000 small files"
    if name == "minbase":
        kept, label = keep / "minbase.tar", keep / "minbase.title"
        if not (kept.exists() and label.exists()):
            title = make_minbase(kept)
            label.write_text(title)
        title = label.read_text()
        # Only root can make the devices of /dev.
        devices = [] if os.geteuid() == 0 else ["--exclude=./dev/*"]
        subprocess.run(["tar", "-xpf", str(kept), "--numeric-owner", "--xattrs",
                        "--xattrs-include=*", *devices, "-C", str(directory)], check=True)
    elif name == "many":
        make_many(directory)
    else:
        raise ValueError(f"no tree is called {name}")
    subprocess.run([*TAR, "-C", str(directory), "-cf", str(archive), "."], check=True)
    facts = hashes(directory)
    return Tree(name, title, directory, archive, facts["nodes"], facts["bytes"], facts)
