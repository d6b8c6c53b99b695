# SPDX-License-Identifier: MIT
"""libfuse's passthrough example, as a bound for what FUSE can do: Debian installs its source, and it is built here."""
import pathlib
import subprocess

from measure import need

SOURCE = pathlib.Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")
# By what follows the source in its options. The defaults ask again after a second, and write through.
PEERS = {"passthrough_ll": "", "passthrough_ll, best settings": ",cache=always,writeback"}


def build(folder):
    """The program, and why there is none or an empty text."""
    reason = need("gcc", "pkg-config")
    if not reason and not SOURCE.exists():
        reason = "libfuse3-dev and its examples not installed"
    if reason:
        return None, reason
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split()
    program = folder / "passthrough_ll-program"
    subprocess.run(["gcc", "-O2", "-w", SOURCE, "-o", program, *flags], check=True)
    return program, ""
