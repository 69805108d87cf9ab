# SPDX-License-Identifier: EUPL-1.2
"""The arrows: which part may know which other part, and where each foreign library may be seen.

This is the one table. An arrow that is not here fails, over includes and over link lines alike; a
new one needs a reason that holds in a review, and its line in the README of the folder it leaves.
"""

import fnmatch
import os
import posixpath
import re

CORE, WIRE, STORE, LINK, SYS = (
    "firmware-app/" + p for p in ("core", "wire", "store", "link", "sys")
)

# part: the parts that it may include and link. Its own folder always; nothing else.
PARTS = {
    CORE: (),  # the domain, pure
    WIRE: (CORE,),
    STORE: (CORE,),
    LINK: (CORE,),
    SYS: (),  # clock, loop, log: knows nothing of schools
    "firmware-app/kiosk": (CORE, WIRE, STORE, LINK, SYS),
    "firmware-app/register": (CORE, WIRE, STORE, LINK, SYS),
    "firmware-app/ctl": (CORE, WIRE, SYS),  # asks the running programs, opens no database
    # Clients of the socket. What they see of core's plain types, wire's headers bring along.
    "drivers/reader": (WIRE, SYS),
    "drivers/signal": (WIRE, SYS),
    "ui/screen": (WIRE, SYS),
}

# headers, link names, the folders or files that may see them. Tests may see everything.
FOREIGN = (
    (("jansson.h",), ("jansson",), (WIRE,)),
    (("sqlite3.h",), ("sqlite3",), (STORE,)),
    (("mosquitto.h", "mosquitto/*", "mqtt_protocol.h"), ("libmosquitto",), (LINK,)),
    (("systemd/*",), ("libsystemd",), (SYS,)),
    (("ini.h",), ("inih",), (SYS,)),
    (("sodium.h", "sodium/*"), ("libsodium",), (SYS,)),
    # What certificates say, for doctor and metrics; libmosquitto brings it to every unit anyway.
    (("openssl/*",), ("libcrypto", "libssl"), ("firmware-app/sys/cert.c", "firmware-app/sys/probe.c",
                                               "firmware-app/sys/CMakeLists.txt")),
    (("nfc/*",), ("libnfc",), ("drivers/reader/nfc.c", "drivers/reader/CMakeLists.txt")),
    (("gpiod.h",), ("libgpiod",), ("drivers/signal",)),
    (("SDL*.h", "SDL2/*"), ("sdl2", "SDL2_ttf"), ("ui/screen",)),
    (("png.h",), ("libpng",), ("ui/screen",)),  # pictures of the screen, for demo and goldens
    (("libintl.h",), (), ("ui/screen", "firmware-app/ctl")),  # text for people
    (("malloc.h",), (), ("firmware-app/sys/memory.c",)),  # of glibc alone
    (("cmocka.h",), ("cmocka",), ()),
    (("pthread.h", "threads.h"), ("threads",), (LINK, SYS, "firmware-app/kiosk",
                                                "firmware-app/register", "ui/screen")),
)

# What core may see: the part of the C library that has no clock, no files, no state.
# stdio.h is here for snprintf alone, stdlib.h for numbers and sorting: see rules.py, PURE.
PURE_HEADERS = set(
    "assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h stdbool.h"
    " stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h".split()
)
SYSTEM_HEADERS = PURE_HEADERS | set(
    "byteswap.h dirent.h endian.h fcntl.h fnmatch.h ftw.h getopt.h glob.h grp.h langinfo.h"
    " libgen.h locale.h netdb.h poll.h pty.h pwd.h regex.h sched.h signal.h spawn.h stdatomic.h"
    " strings.h syslog.h termios.h time.h unistd.h wchar.h wctype.h".split()
)
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/", "net/", "asm/", "bits/")
ROOTS = ("firmware-app", "drivers", "ui", "tests")  # what -iquote names, in this order
HELPERS = "cmake/"  # the helpers' own file may call CMake's commands directly
DIRECT = re.compile(
    r"^\s*(add_library|add_executable|target_link_libraries|link_libraries|target_link_options"
    r"|target_include_directories|include_directories)\s*\(",
    re.IGNORECASE | re.MULTILINE,
)


def part_of(path):
    """The part that a file belongs to; "tests" for all tests; None outside of both."""
    for part in PARTS:
        if path.startswith(part + "/"):
            return part
    return "tests" if path.startswith("tests/") else None


def foreign_row(header):
    for row in FOREIGN:
        if any(fnmatch.fnmatch(header, pattern) for pattern in row[0]):
            return row
    return None


def allowed_at(places, path):
    return any(path == p or path.startswith(p + "/") for p in places)


def names(places):
    return ", ".join(places) if places else "tests"


class Includes:
    """The includes of a tree, and what each header brings along."""

    def __init__(self, tree):
        self.tree = tree
        self.found = {}
        for path in tree.files(".c", ".h"):
            self.found[path] = list(tree.source(path).includes())

    def ours(self, path, header):
        """The path in the tree that a quoted include finds, as the compiler would, or None."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), header))
        for candidate in [beside] + [f"{root}/{header}" for root in ROOTS]:
            if candidate in self.found:
                return candidate
        return None

    def brings(self, path):
        """Foreign headers that a header of ours brings along: {header: where it is included}."""
        seen, todo, result = set(), [path], {}
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            for line, quoted, header in self.found[at]:
                own = self.ours(at, header) if quoted else None
                if own:
                    todo.append(own)
                elif foreign_row(header):
                    result.setdefault(header, f"{at}:{line}")
        return result


def check_includes(tree, report):
    includes = Includes(tree)
    for path, found in includes.found.items():
        part = part_of(path)
        if part == "tests":
            continue
        if part is None:
            report(path, 1, "belongs to no part: move it into a folder that arrows.py lists")
            continue
        for line, quoted, header in found:
            own = includes.ours(path, header) if quoted else None
            if own:
                problem = problem_of_own(includes, path, part, own, header)
            else:
                problem = problem_of_foreign(path, part, quoted, header)
            if problem:
                report(path, line, problem)


def problem_of_own(includes, path, part, own, header):
    target = part_of(own)
    if not any(own == f"{root}/{header}" for root in ROOTS):
        return f'"{header}": name it from its root, "{own.split("/", 1)[1]}"'
    if target != part and target not in PARTS[part]:
        allowed = ", ".join(PARTS[part]) or "nothing of ours"
        return f'"{header}": no arrow leads from {part} to {target}; allowed: {allowed}'
    for foreign, where in includes.brings(own).items():
        places = foreign_row(foreign)[2]
        if not allowed_at(places, path) and not allowed_at(places, own):
            continue  # told at the spot where it is included
        if not allowed_at(places, path):
            return (f'"{header}" brings <{foreign}> ({where}), which only {names(places)} may see:'
                    " keep the library's types behind plain ones of ours")
    return None


def problem_of_foreign(path, part, quoted, header):
    row = foreign_row(header)
    if row:
        if allowed_at(row[2], path):
            return None
        return f"<{header}> may be seen only in {names(row[2])}: ask that part instead"
    if quoted:
        return f'"{header}" is no header of ours: a system header goes in <>'
    if part == CORE and header not in PURE_HEADERS:
        return f"<{header}> is not pure: core takes data and a time, and returns data"
    if header in SYSTEM_HEADERS or header.startswith(SYSTEM_FOLDERS):
        return None
    return f"<{header}> is not listed: a new library needs a row in tests/lint/arrows.py"


def cmake_files(tree):
    for path in tree.files("CMakeLists.txt", ".cmake"):
        if not path.startswith(HELPERS):
            # Comments go, lines stay.
            yield path, re.sub(r"#[^\n]*", "", tree.text(path))


def part_calls(path, text):
    """Yields (line, what, name, [(line, word)…]) of each schoolpoort_part and _program."""
    for m in re.finditer(r"\bschoolpoort_(part|program)\s*\(([^)]*)\)", text):
        start = m.start(2)
        words = [
            (text.count("\n", 0, start + w.start()) + 1, w.group())
            for w in re.finditer(r"[^\s;\"]+", m.group(2))
        ]
        if words:
            yield words[0][0], m.group(1), words[0][1], words[1:]


def check_links(tree, report):
    folder_of = {}
    for path, text in cmake_files(tree):
        for _, what, name, _ in part_calls(path, text):
            if what == "part":
                folder_of[name] = os.path.dirname(path)
    for path, text in cmake_files(tree):
        part = part_of(path)
        if part == "tests":
            continue
        for m in DIRECT.finditer(text):
            line = text.count("\n", 0, m.start(1)) + 1
            report(path, line, f"{m.group(1)}: use schoolpoort_part or schoolpoort_program,"
                               " whose link lines are checked")
        for line, what, name, words in part_calls(path, text):
            if part is None:
                report(path, line, f"{name} belongs to no part: see PARTS in tests/lint/arrows.py")
                continue
            if what == "part" and (part == CORE) != ("PURE" in (w for _, w in words)):
                report(path, line, f"{name}: core is built PURE, and no other part is")
            check_uses(path, part, words, folder_of, report)


def check_uses(path, part, words, folder_of, report):
    in_uses = False
    for line, word in words:
        if word in ("SOURCES", "USES", "PURE"):
            in_uses = word == "USES"
            continue
        if not in_uses or word in ("m", "util"):
            continue
        problem = None
        if word.startswith("lib::"):
            row = next((r for r in FOREIGN if word[5:] in r[1]), None)
            if not row:
                problem = f"{word} is not listed: a new library needs a row in tests/lint/arrows.py"
            elif not allowed_at(row[2], path):
                problem = f"{word} may be linked only in {names(row[2])}"
        elif word not in folder_of:
            problem = f"no schoolpoort_part is called {word}"
        else:
            target = folder_of[word]
            if target != part and target not in PARTS[part]:
                allowed = ", ".join(PARTS[part]) or "nothing of ours"
                problem = f"{word}: no arrow leads from {part} to {target}; allowed: {allowed}"
        if problem:
            report(path, line, problem)
