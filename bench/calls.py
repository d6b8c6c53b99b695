# SPDX-License-Identifier: MIT
"""Row 1 of the suite: an empty call to another process, measured by build/release/bin/bench_null_call.

A call is too short to time one as a process, so the program itself makes its peers take turns.
"""
import json
import statistics
import subprocess

from measure import median_with_interval
from trees import TOP

NAME = "null-call"
REPORT = "calls"
TITLE = "Calls"
NOTE = "The client on one core, the server on the same or another."
PROGRAM = TOP / "build/release/bin/bench_null_call"
BASE = "raw seqpacket"


def build():
    subprocess.run([TOP / "tools/build", "release", "bench_null_call"], check=True,
                   stdout=subprocess.DEVNULL)


def measure(rounds, seed):
    done = subprocess.run([PROGRAM, "--rounds", str(rounds), "--seed", str(seed)],
                          stdout=subprocess.PIPE, check=True)
    result = json.loads(done.stdout)
    for case in result["results"]:
        if "nanoseconds" not in case:
            continue
        base = next(c for c in result["results"]
                    if c["placement"] == case["placement"] and c["peer"] == BASE)
        median, low, high = median_with_interval(case["nanoseconds"])
        case["time"] = {"median": median, "low": low, "high": high}
        ratio, low, high = median_with_interval(
            [b / c for b, c in zip(base["nanoseconds"], case["nanoseconds"])])
        case["raw_is_times_as_long"] = {"median": ratio, "low": low, "high": high}
        case["processor_time"] = statistics.median(case["processor_nanoseconds"])
    return result


def table(result):
    lines = [f"## an empty call to another process, {result['calls']} calls a round", "",
             "| | µs, median (95 %) | a raw round trip takes | CPU µs, both processes |",
             "|---|---|---|---|"]
    for case in result["results"]:
        name = f"{case['placement']}: {case['peer']}"
        if "not_measured" in case:
            lines.append(f"| {name} | {case['not_measured']} | | |")
            continue
        took, ratio = case["time"], case["raw_is_times_as_long"]
        lines.append(f"| {name} | {took['median'] / 1000:.2f} ({took['low'] / 1000:.2f}–{took['high'] / 1000:.2f}) "
                     f"| {ratio['median']:.2f} × as long ({ratio['low']:.2f}–{ratio['high']:.2f}) "
                     f"| {case['processor_time'] / 1000:.2f} |")
    return lines + [""]
