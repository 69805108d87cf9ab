#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The house rules that no compiler knows. Prints `file:line: check: what is wrong and what to do`.

lint.py [--root DIR] [CHECK...]     exit status 0: nothing found; 1: found; 2: usage
"""

import argparse
import os
import subprocess
import sys

import arrows
import faults
import rules
import units
from csource import Source

CHECKS = {
    "include": arrows.check_includes,
    "link": arrows.check_links,
    "banned": rules.check_banned,
    "length": rules.check_length,
    "doc": rules.check_doc,
    "spdx": rules.check_spdx,
    "readme": rules.check_readme,
    "words": rules.check_words,
    "schema": rules.check_schema,
    "header": rules.check_header,
    "unit": units.check_unit,
    "console": units.check_console,
    "order": units.check_order,
    "faults": faults.check_faults,
}
# Trees that must fail, each for its own reason; fixtures.py runs them.
FIXTURES = "tests/lint/fixtures/"
NOT_OURS = ("build/", ".git/", "node_modules/", "__pycache__/")


class Tree:
    """The files of a checkout: what git follows and what it would, without what it ignores."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.paths = sorted(
            p for p in (self.by_git() or self.by_walk())
            if not p.startswith(FIXTURES) and self.is_text(p))
        self.texts = {}
        self.sources = {}

    def by_git(self):
        if not os.path.exists(os.path.join(self.root, ".git")):
            return None
        done = subprocess.run(
            ["git", "-c", "safe.directory=" + self.root, "-C", self.root, "ls-files", "-z",
             "--cached", "--others", "--exclude-standard"], capture_output=True, check=False)
        return done.stdout.decode().split("\0")[:-1] if done.returncode == 0 else None

    def by_walk(self):
        """A checkout of someone else, or none at all: git would refuse."""
        found = []
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.root)
                if not any(("/" + path).find("/" + n) >= 0 for n in NOT_OURS):
                    found.append(path)
        return found

    def is_text(self, path):
        full = os.path.join(self.root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            return False
        with open(full, "rb") as f:
            return b"\0" not in f.read(4096)

    def files(self, *ends):
        return [p for p in self.paths if not ends or p.endswith(ends)]

    def text(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
                self.texts[path] = f.read()
        return self.texts[path]

    def source(self, path):
        if path not in self.sources:
            self.sources[path] = Source(self.text(path))
        return self.sources[path]


def run(root, checks):
    """Runs the named checks; returns the sorted findings as (path, line, check, message)."""
    tree = Tree(root)
    found = set()
    for name in checks:
        CHECKS[name](tree, lambda path, line, what, name=name: found.add((path, line, name, what)))
    return sorted(found)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "../.."))
    options.add_argument("checks", nargs="*", metavar="CHECK", help=" ".join(CHECKS))
    given = options.parse_args()
    unknown = [c for c in given.checks if c not in CHECKS]
    if unknown:
        options.error(f"no check is called {unknown[0]}; there are: {' '.join(CHECKS)}")
    found = run(given.root, given.checks or CHECKS)
    for path, line, check, what in found:
        print(f"{path}:{line}: {check}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
