#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/tree-hash sees every change that Quire promises to keep, and reads tar as it reads folders."""
import os
import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent.parent / "tree-hash"


def tree_hash(*arguments):
    return subprocess.run([TOOL, *arguments], check=True, stdout=subprocess.PIPE).stdout.split()[0]


class TreeHash(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)
        self.tree = pathlib.Path(self.work.name) / "tree"
        (self.tree / "d").mkdir(parents=True)
        self.file = self.tree / "d" / "file"
        self.file.write_text("text")
        os.link(self.file, self.tree / "again")
        (self.tree / "other").write_text("text")
        (self.tree / "link").symlink_to("d/file")
        os.mkfifo(self.tree / "fifo")
        with open(self.tree / "sparse", "wb") as sparse:
            sparse.truncate(1 << 20)
            sparse.seek(1 << 19)
            sparse.write(b"x")
        (pathlib.Path(os.fsdecode(os.fsencode(self.tree) + b"/not\xffutf8"))).write_text("")
        os.utime(self.file, ns=(0, -1_250_000_000))
        os.utime(self.tree / "other", ns=(0, 10_413_792_000_500_000_000))

    def has_xattrs(self):
        try:
            os.setxattr(self.file, "user.note", b"binary \0\n\xff")
        except OSError:
            return False
        return True

    def test_an_archive_hashes_as_the_directory_it_was_made_of(self):
        self.has_xattrs()
        archive = os.path.join(self.work.name, "tree.tar")
        subprocess.run(["tar", "--format=posix", "--numeric-owner", "--xattrs", "--acls", "--sparse",
                        "-C", self.tree, "-cf", archive, "."], check=True)
        self.assertEqual(tree_hash(str(self.tree)), tree_hash("--tar", archive))

    def test_every_change_shows(self):
        def relink():
            (self.tree / "again").unlink()
            (self.tree / "again").write_text("text")
            os.utime(self.tree / "again", ns=(0, -1_250_000_000))

        def retarget():
            (self.tree / "link").unlink()
            (self.tree / "link").symlink_to("d/elif")

        changes = [
            lambda: self.file.write_text("texT"),
            lambda: self.file.chmod(0o4755),
            lambda: os.utime(self.file, ns=(0, 1)),
            lambda: os.utime(self.tree / "d", ns=(0, 1)),
            relink,
            retarget,
            lambda: (self.tree / "other").rename(self.tree / "else"),
            lambda: (self.tree / "fifo").unlink(),
        ]
        if self.has_xattrs():
            changes.append(lambda: os.setxattr(self.file, "user.note", b"other"))
        if os.geteuid() == 0:
            changes.append(lambda: os.chown(self.file, 70000, 0))
            changes.append(lambda: os.chown(self.file, 70000, 70001))
        before = tree_hash(str(self.tree))
        for number, change in enumerate(changes):
            change()
            after = tree_hash(str(self.tree))
            self.assertNotEqual(before, after, f"change {number} does not show")
            before = after

    def test_the_content_does_not_depend_on_owners_and_times(self):
        before = tree_hash("--content", str(self.tree))
        self.file.chmod(0o600)
        os.utime(self.file, ns=(0, 1))
        self.assertEqual(before, tree_hash("--content", str(self.tree)))
        self.file.write_text("texT")
        self.assertNotEqual(before, tree_hash("--content", str(self.tree)))


if __name__ == "__main__":
    unittest.main()
