# SPDX-License-Identifier: MIT
"""The rows: which work, by which peers, with which options."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from measure import Peer, need, need_root
from trees import TAR, TOP, hashes

QUIRE = str(TOP / "build/release/bin/quire")
MKE2FS_BEST = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"


def remove(path):
    path = pathlib.Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def mounted(image, options="loop,ro"):
    """The image, mounted by the kernel."""
    with tempfile.TemporaryDirectory() as point:
        done = subprocess.run(["mount", "-o", options, str(image), point],
                              stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the kernel does not mount it: {done.stderr.decode().strip()}")
        try:
            yield point
        finally:
            subprocess.run(["umount", point], check=True)


def verify_image(image):
    """e2fsck's verdict, and the hash of the tree as the kernel, or else Quire, reads it."""
    def verify():
        done = subprocess.run(["e2fsck", "-fn", str(image)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError("e2fsck finds faults")
        if os.geteuid() == 0:
            with mounted(image) as point:
                return hashes(point)
        with tempfile.NamedTemporaryFile(dir=image.parent) as archive:
            subprocess.run([QUIRE, "tar", f"{image}:/"], stdout=archive, check=True)
            return hashes(archive.name, "--tar")
    return verify


def image_peer(name, image, command, missing="", note="", also_remove=()):
    def clean_up():
        remove(image)
        for path in also_remove:
            remove(path)
    return Peer(name, command, verify_image(image), clean_up=clean_up, missing=missing, note=note)


def create_from_directory(tree, work):
    image = work / "made.img"
    blocks, inodes = str(tree.image_blocks), str(tree.inodes)
    size = str(tree.image_blocks * 4096)
    mke2fs = ["mke2fs", "-q", "-F", "-t", "ext4", "-N", inodes]
    source = str(tree.directory)
    return [
        image_peer("quire create", image,
                   [QUIRE, "create", str(image), "--from", source, "--size", size, "-q"]),
        image_peer("mke2fs -d", image,
                   [*mke2fs, "-b", "4096", "-d", source, str(image), blocks], need("mke2fs")),
        image_peer("mke2fs -d, best settings", image,
                   [*mke2fs, "-b", "4096", "-E", MKE2FS_BEST, "-d", source, str(image), blocks],
                   need("mke2fs"), note=f"-E {MKE2FS_BEST}"),
        image_peer("genext2fs", image,
                   ["genext2fs", "-B", "4096", "-b", blocks, "-N", inodes, "-d", source, str(image)],
                   need("genext2fs"), note="makes ext2"),
        image_peer("virt-make-fs", image,
                   ["virt-make-fs", "--type=ext4", "--size", size + "b", source, str(image)],
                   need("virt-make-fs")),
    ]


def create_from_tar(tree, work):
    image, unpacked = work / "made.img", work / "unpacked"
    blocks, inodes = str(tree.image_blocks), str(tree.inodes)
    size = str(tree.image_blocks * 4096)
    return [
        image_peer("quire create", image,
                   [QUIRE, "create", str(image), "--from", str(tree.archive), "--size", size, "-q"]),
        image_peer("tar x, mke2fs -d", image,
                   f"mkdir {unpacked}; tar -xpf {tree.archive} --numeric-owner --xattrs "
                   f"--xattrs-include='*' --acls -C {unpacked}; mke2fs -q -F -t ext4 -b 4096 "
                   f"-N {inodes} -E {MKE2FS_BEST} -d {unpacked} {image} {blocks}",
                   need("mke2fs"), note="this mke2fs reads no tar", also_remove=[unpacked]),
        image_peer("genext2fs -a", image,
                   ["genext2fs", "-B", "4096", "-b", blocks, "-N", inodes, "-a", str(tree.archive),
                    str(image)], need("genext2fs"), note="makes ext2"),
    ]


def make_image(tree, image):
    """An image of the tree that no peer of the row made: by the kernel or, without root, mke2fs."""
    make = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-N", str(tree.inodes)]
    if os.geteuid() != 0:
        subprocess.run([*make, "-d", str(tree.directory), str(image), str(tree.image_blocks)],
                       check=True, stdout=subprocess.DEVNULL)
        return
    subprocess.run([*make, str(image), str(tree.image_blocks)], check=True, stdout=subprocess.DEVNULL)
    with mounted(image, "loop") as point:
        subprocess.run(["tar", "-xpf", str(tree.archive), "--numeric-owner", "--xattrs",
                        "--xattrs-include=*", "--acls", "-C", point], check=True)


def extract(tree, work):
    image, out, folder, point = (work / n for n in ("read.img", "out.tar", "out", "point"))
    make_image(tree, image)
    pack = f"{' '.join(TAR)} --exclude=./lost+found -C {point} -cf {out} ."

    def verify_tar():
        return hashes(out, "--tar")

    def clean_up():
        for path in (out, folder):
            remove(path)
        if point.is_dir():
            point.rmdir()

    def peer(name, command, missing="", verify=verify_tar, prepare=point.mkdir, **more):
        return Peer(name, command, verify, prepare=prepare, clean_up=clean_up, missing=missing, **more)

    # In the foreground, so that the time and memory of the server count.
    fuse = (f"fuse2fs -f -o ro {image} {point} & "
            f"until mountpoint -q {point}; do kill -0 $!; sleep 0.005; done; "
            f"{pack}; fusermount -u {point} || fusermount3 -u {point}; wait")
    return [
        peer("quire tar", f"{QUIRE} tar {image}:/ > {out}", prepare=None),
        peer("kernel mount, tar", f"mount -o loop,ro {image} {point}; {pack}; umount {point}",
             need_root()),
        peer("fuse2fs, tar", fuse,
             need("fuse2fs") or (need("fusermount") and need("fusermount3"))),
        peer("debugfs rdump", ["debugfs", "-R", f"rdump / {folder}", str(image)],
             need("debugfs"), note="to a directory, without devices", prepare=folder.mkdir,
             verify=lambda: hashes(folder), level="files"),
    ]


ROWS = {
    "create-directory": ("make an image from a directory", create_from_directory),
    "create-tar": ("make an image from a tar stream", create_from_tar),
    "extract": ("everything out of an image", extract),
}
