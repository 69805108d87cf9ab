# SPDX-License-Identifier: EUPL-1.2
"""The checks beside the arrows: calls, lengths, doc comments, heads, READMEs, words, schemas."""

import json
import os
import posixpath
import re
import shutil
import subprocess
import tempfile

from arrows import CORE, PARTS, ROOTS, part_of

SYS, CTL = "firmware-app/sys", "firmware-app/ctl"
FUNCTION_LINES = 70
README_LINES = 40

# call: what to do instead. Nowhere, tests included.
BANNED = {
    "sprintf": "snprintf, and look at its result",
    "vsprintf": "vsnprintf, and look at its result",
    "strcpy": "snprintf or memcpy with a known length",
    "strcat": "snprintf with a known length",
    "strncpy": "snprintf: strncpy may leave no end",
    "strtok": "strcspn and pointers: strtok keeps a state",
    "atoi": "strtol, and look at its end and errno",
    "atol": "strtol, and look at its end and errno",
    "atof": "strtod, and look at its end and errno",
    "sscanf": "strtol or a small parser: sscanf overflows silently",
    "system": "posix_spawn with an argument vector",
    "popen": "posix_spawn with an argument vector",
    "setjmp": "return an error",
    "signal": "sigaction, or the loop's signal source",
    "rand": "a generator that takes its seed, or getrandom for what must be unguessable",
    "sleep": "wait for the event itself, with a deadline",
    "usleep": "wait for the event itself, with a deadline",
    "localtime": "core/civil.h: the school's zone, not the machine's",
    "gmtime": "core/civil.h: gmtime keeps a state",
    "mktime": "core/civil.h: the school's zone, not the machine's",
    "ctime": "core/civil.h: ctime keeps a state",
}
# calls, where they are allowed, what to do instead. Tests stand at the outer edge, where a deadline
# is kept and a report is printed: these three rows don't bind them.
ONLY_IN = (
    (("time", "clock_gettime", "gettimeofday", "getenv"), lambda p: p.startswith(SYS + "/"),
     "only sys/ asks the machine: take struct now, or a configured value"),
    (("exit",), lambda p: posixpath.basename(p) == "main.c",
     "only main.c ends the program: return an error"),
    (("printf", "fprintf"),
     lambda p: p.startswith((SYS + "/", CTL + "/")) or posixpath.basename(p) == "main.c",
     "return what happened; main.c logs it through sys/log.h"),
)
# core is pure: no clock, no I/O, no allocation. Its headers are checked by the arrows. One file may
# allocate: a roster is a whole data set that replaces another, and knows best how it is laid out.
PURE_ALLOCATES = {CORE + "/roster.c": ("calloc", "free")}
PURE = set(
    "malloc calloc realloc free strdup strndup fopen fclose fputs puts fwrite fread fgets perror"
    " scanf vprintf vfprintf".split()
)

# Split, so that the check doesn't find itself.
WORDS = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")) + r")\b")
MACHINE = re.compile(r"(?<![\w.])/(?:wo" r"rk|ho" r"me|ro" r"ot)/[\w.-]+")
LICENCE = "SPDX-License-Identifier: EUPL-1.2"
HEADED = (".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", ".ts", ".tsx", ".css", ".sql",
          ".supp")


def check_banned(tree, report):
    for path in tree.files(".c", ".h"):
        for call in tree.source(path).calls():
            problem = problem_of_call(path, call.text)
            if problem:
                report(path, call.line, problem)


def problem_of_call(path, name):
    if name in BANNED:
        return f"{name}() is banned: {BANNED[name]}"
    if path.startswith("tests/"):
        return None
    for calls, allowed, instead in ONLY_IN:
        if name in calls and not allowed(path):
            return f"{name}() is banned here: {instead}"
    if (path.startswith(CORE + "/") and name in PURE
            and name not in PURE_ALLOCATES.get(path, ())):
        return f"{name}() is banned in core, which is pure: the caller brings memory and files"
    return None


def check_length(tree, report):
    for path in tree.files(".c", ".h"):
        for function in tree.source(path).functions():
            lines = function.last_line - function.first.line + 1
            if function.body and lines > FUNCTION_LINES:
                report(path, function.first.line,
                       f"{function.name} has {lines} lines, {FUNCTION_LINES} at most:"
                       " cut it by meaning")


def check_doc(tree, report):
    for path in tree.files(".h"):
        if part_of(path) in (None, "tests"):
            continue
        source = tree.source(path)
        for function in source.functions():
            if not source.comment_before(function.first):
                report(path, function.first.line,
                       f"{function.name} has no doc comment on the lines above it: shape, units,"
                       " errors, ownership, thread, source")


def check_spdx(tree, report):
    for path in tree.files():
        text = tree.text(path)
        if not path.endswith(HEADED) and not text.startswith("#!"):
            continue
        if LICENCE not in "\n".join(text.split("\n", 3)[:3]):
            report(path, 1, f"the first three lines lack {LICENCE}")


def check_readme(tree, report):
    folders = {}
    for path in tree.files():
        parts = path.split("/")
        depth = 2 if parts[0] in ROOTS and len(parts) > 2 else 1
        if parts[0] in ROOTS + ("broker-config", "hardware-notes"):
            for d in range(1, depth + 1):
                folders.setdefault("/".join(parts[:d]), path)
    known = set(tree.files())
    for folder, sample in sorted(folders.items()):
        if f"{folder}/README.md" not in known:
            report(sample, 1, f"{folder}/ has no README.md: what lives here, which way its arrows"
                              " point, how to add one")
    for path in known:
        if posixpath.basename(path) == "README.md" and path != "README.md":
            lines = tree.text(path).count("\n")
            if lines > README_LINES:
                report(path, README_LINES + 1,
                       f"{lines} lines, {README_LINES} at most: what is longer has its own page")


def check_pages(tree, report):
    """Links of a page to files, and to headings, of this repository."""
    for path in tree.files(".md"):
        fenced = False
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            fenced ^= line.startswith("```")
            if fenced:
                continue
            for place, heading in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", line):
                if re.match(r"[a-z]+:", place):
                    continue
                there = posixpath.normpath(posixpath.join(posixpath.dirname(path), place)) if place else path
                full = os.path.join(tree.root, there)
                if there.startswith("..") or not os.path.exists(full):
                    report(path, number, f"the link to {place} leads nowhere")
                elif heading and heading not in headings(tree.text(there)):
                    report(path, number, f"{there} has no heading #{heading}")


def headings(text):
    """As they are named in a link."""
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")
            for head in re.findall(r"^#+ (.*)$", text, re.M)}


def check_words(tree, report):
    for path in tree.files():
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            word = WORDS.search(line)
            if word:
                report(path, number, f"{word.group()}: build what is missing, or open an issue")
            machine = MACHINE.search(line)
            if machine:
                report(path, number, f"{machine.group()}: a path of one machine")


def check_schema(tree, report):
    try:
        from jsonschema import Draft202012Validator as validator
        from jsonschema.exceptions import SchemaError
    except ImportError:
        validator, SchemaError = None, ValueError
    for path in tree.files(".json"):
        if "/schema/" not in path:
            continue
        try:
            schema = json.loads(tree.text(path))
            if validator:
                validator.check_schema(schema)
        except json.JSONDecodeError as e:
            report(path, e.lineno, f"no JSON: {e.msg}")
        except SchemaError as e:
            report(path, 1, f"no JSON Schema: {e.message}")


def check_header(tree, report):
    """Each header alone, as the first line of an empty file, by one call of the compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    headers = [p for p in tree.files(".h") if p.split("/")[0] in ROOTS]
    if not compiler or not headers:
        return
    with tempfile.TemporaryDirectory() as scratch:
        # core gets no _GNU_SOURCE, as in the build, nor what SDL defines.
        pure = [p for p in headers if p.startswith(CORE + "/")]
        rest = [p for p in headers if p not in pure]
        for group, flags in ((pure, []), (rest, ["-D_GNU_SOURCE", *sdl_flags()])):
            compile_alone(tree, scratch, compiler, group, flags, report)


def compile_alone(tree, scratch, compiler, headers, flags, report):
    if not headers:
        return
    sources = []
    for i, path in enumerate(headers):
        sources.append(os.path.join(scratch, f"{i}.c"))
        with open(sources[-1], "w", encoding="utf-8") as f:
            f.write(f'#include "{os.path.join(tree.root, path)}"\n')
    roots = [w for r in ROOTS for w in ("-iquote", os.path.join(tree.root, r))]
    done = subprocess.run(
        [compiler, "-std=c11", "-fsyntax-only", *flags, *roots, *sources],
        capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    told = set()
    for m in re.finditer(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", done.stderr, re.MULTILINE):
        path = os.path.relpath(m.group(1), tree.root)
        missing = re.match(r"(\S+): No such file", m.group(3))
        # A library that isn't installed here says nothing about our header.
        if missing and missing.group(1).split("/")[0] not in {posixpath.basename(p) for p in PARTS}:
            continue
        if path not in told:
            told.add(path)
            report(path, int(m.group(2)), f"does not compile alone: {m.group(3)}")


def sdl_flags():
    """SDL's own include folder, where it is installed."""
    if not shutil.which("pkg-config"):
        return []
    done = subprocess.run(["pkg-config", "--cflags", "sdl2"], capture_output=True, text=True,
                          check=False)
    return done.stdout.split()
