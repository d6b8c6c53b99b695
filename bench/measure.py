# SPDX-License-Identifier: MIT
"""Runs peers in turns and says how long they took.

Two programs measured one after the other are compared with two moods of the machine as much as with
each other. So all peers of a row run once per round, in a new random order each round, and ratios
are taken within a round.
"""
import dataclasses
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

RESAMPLES = 4000


@dataclasses.dataclass
class Sample:
    wall: float    # seconds
    cpu: float     # seconds, user and system, of all processes
    memory: int    # bytes, of the largest process


@dataclasses.dataclass
class Peer:
    """One way to do a row's work.

    prepare and clean_up are not measured; command is, a list of arguments or a shell text. verify
    returns the hashes of what the run produced; that of `level` must be the source's: "content",
    or "files" for a peer that cannot do devices. A missing tool makes `missing` its reason.
    """
    name: str
    command: object
    verify: object
    prepare: object = None
    clean_up: object = None
    missing: str = ""
    note: str = ""
    level: str = "content"
    samples: list = dataclasses.field(default_factory=list)
    lossless: bool = False
    failure: str = ""


def run(command):
    """Runs a command and returns a Sample, or raises with what it said."""
    with tempfile.NamedTemporaryFile("r", suffix=".time") as report:
        # GNU time is the small parent between us and the command: a child's peak memory begins with
        # that of the process which started it, and ours is larger than some peers'.
        argv = command if isinstance(command, list) else ["/bin/bash", "-euo", "pipefail", "-c", command]
        start = time.perf_counter()
        done = subprocess.run(["/usr/bin/time", "-o", report.name, "-f", "%U %S %M", *argv],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
        wall = time.perf_counter() - start
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"exit code {done.returncode}: {said[-1] if said else 'nothing said'}")
        user, system, memory = report.read().split()[-3:]
        return Sample(wall, float(user) + float(system), int(memory) * 1024)


def measure(peers, rounds, longest, expected, seed, say):
    """Fills in the peers' samples. EXPECTED are the hashes of what each must produce.

    A peer that takes over LONGEST seconds in the warm-up round has no further ones, and its table says so.
    """
    order = random.Random(seed)
    runnable = [peer for peer in peers if not peer.missing]
    # Round -1 warms the caches and is not counted.
    for number in range(-1, rounds):
        order.shuffle(runnable)
        for peer in runnable:
            if peer.failure:
                continue
            try:
                if peer.prepare:
                    peer.prepare()
                sample = run(peer.command)
                found = peer.verify()
                if found[peer.level] != expected[peer.level]:
                    raise RuntimeError("the result differs from the source")
                peer.lossless = found["everything"] == expected["everything"]
                if number >= 0:
                    peer.samples.append(sample)
                elif sample.wall > longest:
                    peer.failure = f"{sample.wall:.0f} s in the warm-up round, then left out"
            except RuntimeError as error:
                peer.failure = str(error)
            finally:
                if peer.clean_up:
                    peer.clean_up()
        say(f"round {number + 1} of {rounds}")


def median_with_interval(values, seed=1):
    """The median and its 95 % interval by resampling."""
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values)))
                     for _ in range(RESAMPLES))
    return (statistics.median(values), medians[int(0.025 * RESAMPLES)],
            medians[int(0.975 * RESAMPLES)])


def ratio_with_interval(peer, base):
    """How many times as long as BASE the peer took, round by round."""
    return median_with_interval([p.wall / b.wall for p, b in zip(peer.samples, base.samples)])


def need(*programs):
    """The reason why a peer cannot run, or an empty text."""
    absent = [p for p in programs
              if not (shutil.which(p) or shutil.which(p, path="/usr/sbin:/sbin"))]
    return f"{', '.join(absent)} not installed" if absent else ""


def need_root():
    return "" if os.geteuid() == 0 else "needs root"
