#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Runs the checks over fixtures/, and demands exactly the findings of each fixture's file `expect`.

Its first line names the checks to run, each other line is `file:line: check`. A finding too few
means a check that is blind, one too many a check that cries wolf.
"""

import os
import sys

import lint

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


def expected(folder):
    with open(os.path.join(folder, "expect"), encoding="utf-8") as f:
        first, *rest = f.read().splitlines()
    return first.split()[1:], sorted(rest)


def differences(folder):
    """Yields what is wrong with one fixture."""
    checks, wanted = expected(folder)
    findings = lint.run(folder, checks)
    got = sorted({f"{path}:{line}: {check}" for path, line, check, _ in findings})
    for line in sorted(set(wanted) - set(got)):
        yield f"not found: {line}"
    for path, line, check, what in findings:
        if f"{path}:{line}: {check}" not in wanted:
            yield f"found without reason: {path}:{line}: {check}: {what}"
        if not what.strip() or "\n" in what:
            yield f"no message of one line: {path}:{line}: {check}"


def main():
    proved = set()
    failed = 0
    for name in sorted(os.listdir(FOLDER)):
        folder = os.path.join(FOLDER, name)
        if not os.path.isdir(folder):
            continue
        proved |= {line.rsplit(" ", 1)[1] for line in expected(folder)[1]}
        problems = list(differences(folder))
        failed += bool(problems)
        print(f"{name}: {'FAILED' if problems else 'ok'}")
        for problem in problems:
            print(f"  {problem}")
    for check in sorted(set(lint.CHECKS) - proved):
        failed += 1
        print(f"no fixture makes the check {check} fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
