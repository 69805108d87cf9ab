#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What it costs: every figure beside its floor, measured in the same run.

run.py --programs build/bench/bin --out build/bench.json   all rows, three rounds; a table at the end
run.py --show FILE [--all]                                 the table of an earlier run, as Markdown
run.py --against FILE ...                                  then each ratio beside that of an earlier run

A figure is the median of its rounds, its ratio the median of the rounds' own ratios. The exit status says whether
all was measured (0) or not (1), not whether every aim was met: the table says that. With --against, 1 also where the
two runs don't agree: by ratio; where the aim is the floor and so much more, by what is more, to a share of so much.
"""

import argparse
import datetime
import importlib
import json
import math
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "rows"))

from common import SOURCE, Bench, Figure, Measured, median, number  # noqa: E402

# In the order of the table. Those that keep both cores busy come last.
MODULES = ("latency", "gate", "resident", "reload", "register", "alerts", "growth", "board", "region")
ROUNDS = 3
AGREE = 0.20  # what two runs may differ by
LOOK_S = 0.2
QUIET = 10  # percent of the processors that others may take: more, and a floor waits for them as much as for the disk
PATH = "/usr/bin:/bin:/usr/sbin:/sbin"  # mosquitto lives in sbin


def machine():
    cpu = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            cpu = value.strip()
    memory = int(pathlib.Path("/proc/meminfo").read_text(encoding="utf-8").split()[1])
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_mb": memory // 1024, "architecture": platform.machine(),
            "kernel": platform.release(), "system": system_name(), "file_system": file_system()}


def system_name():
    names = dict(line.split("=", 1) for line in
                 pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines() if "=" in line)
    return names.get("PRETTY_NAME", "").strip('"')


def file_system():
    done = subprocess.run(["df", "--output=fstype", tempfile.gettempdir()], capture_output=True, text=True, check=False)
    return done.stdout.split()[-1] if done.stdout else ""


def others_percent():
    """What the processors do for others: asked while nothing of the bench runs."""
    def ticks():
        words = pathlib.Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        counts = [int(word) for word in words]
        return sum(counts), counts[3] + counts[4]  # idle, and idle with the disk busy

    total, idle = ticks()
    time.sleep(LOOK_S)  # the interval that is measured
    total_then, idle_then = ticks()
    return 100 * (1 - (idle_then - idle) / max(1, total_then - total))


def commit():
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", "-c", f"safe.directory={SOURCE}", "-C", SOURCE, "describe", "--always", "--dirty",
                           "--abbrev=10"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def measure_round(module, args, turn, taken):
    """One round of a module into taken: {name: [Measured]}."""
    known = {f.name for f in module.FIGURES}
    with Bench(args.programs, args.quick, turn) as bench:
        for name, measured in module.measure(bench):
            assert name in known, f"{module.__name__} measured {name}, which it doesn't list"
            assert isinstance(measured, Measured)
            taken.setdefault(name, []).append(measured)


def middle(values):
    given = [v for v in values if v is not None]
    return median(given) if given else None


def result(figure: Figure, rounds, quick=False):
    value, floor, peer = (middle([getattr(m, part) for m in rounds]) for part in ("value", "floor", "peer"))
    ratio = middle([m.value / m.floor for m in rounds if m.floor])
    over = middle([m.value - m.floor for m in rounds if m.floor is not None])
    aim = figure.aim
    notes = list(dict.fromkeys(m.note for m in rounds if m.note))
    return {
        "name": figure.name, "what": figure.what, "unit": figure.unit,
        "value": value, "least": min(m.value for m in rounds), "most": max(m.value for m in rounds),
        "floor": floor, "floor_is": figure.floor, "ratio": ratio, "over": over, "peer": peer,
        "aim": aim.text(figure.unit), "limit": None if math.isnan(aim.limit) else aim.limit,
        "met": None if quick else aim.kept(value, floor, ratio), "agrees_by": "" if floor is None else aim.agrees_by,
        "line": figure.line, "shown": figure.shown, "rounds": len(rounds), "notes": notes,
    }


MET = {True: "met", False: "MISSED", None: ""}
COLUMNS = ("figure", "value", "least..most", "floor", "ratio", "peer", "aim", "")


def cells(row):
    unit = row["unit"]

    def with_unit(x):
        return "" if x is None else f"{number(x)} {unit}".rstrip()

    spread = f"{number(row['least'])}..{number(row['most'])}" if row["rounds"] > 1 else ""
    return (row["what"], with_unit(row["value"]), spread, with_unit(row["floor"]), number(row["ratio"]),
            with_unit(row["peer"]), row["aim"], MET[row["met"]])


def print_table(rows):
    table = [COLUMNS] + [cells(r) for r in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(COLUMNS))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for row in rows:
        for note in row["notes"]:
            print(f"  {row['name']}: {note}")


def short_rows(rows):
    """Those with an aim; those that share a line as one row."""
    lines = {}
    for row in rows:
        if row["line"]:
            lines.setdefault(row["line"], []).append(row)
        elif row["aim"] or row["shown"]:
            lines[row["name"]] = [row]
    for line, parts in lines.items():
        if len(parts) == 1:
            yield cells(parts[0]), parts[0]["floor_is"]
            continue
        met = [p["met"] for p in parts if p["met"] is not None]
        values = ", ".join(f"{p['name'].partition('_')[2].replace('_', ' ')} {p['value']:.2f}" for p in parts)
        yield (line, values, "", "", "", "", parts[0]["aim"], MET[all(met) if met else None]), ""


def print_markdown(run, everything):
    m = run["machine"]
    print(f"{run['date']}, {m['cores']} cores ({m['cpu']}), {m['file_system']}, {m['system']}, "
          f"commit {run['commit']}, {run['rounds']} round{'s' * (run['rounds'] > 1)}:\n")
    print("| figure | value | floor | ratio | peer | aim | |\n| --- | --- | --- | --- | --- | --- | --- |")
    rows = ((cells(r), r["floor_is"]) for r in run["figures"]) if everything else short_rows(run["figures"])
    for (what, value, _, floor, ratio, peer, aim, met), floor_is in rows:
        beside = f"{floor} ({floor_is})" if floor and floor_is else floor
        print(f"| {what} | {value} | {beside} | {ratio} | {peer} | {aim} | {met} |")


def differs_by(row, old):
    """How much a figure's part that should agree differs from an earlier run's, as a share; which part."""
    if row["agrees_by"] == "over":
        return abs(row["over"] - old["over"]) / row["limit"], "over"
    return max(row["ratio"], old["ratio"]) / min(row["ratio"], old["ratio"]) - 1, "ratio"


def compare(run, earlier):
    """Each figure's ratio beside an earlier run's; true where they agree. Without an aim it is told, not judged."""
    before = {r["name"]: r for r in earlier["figures"] if r["ratio"]}
    agree = True
    print(f"\nbeside those of {earlier['date']}, {earlier['commit']}:")
    for row in run["figures"]:
        old = before.get(row["name"])
        if not row["ratio"] or not old:
            continue
        differs, part = differs_by(row, old)
        judged = row["agrees_by"] != ""
        agree = agree and (not judged or differs <= AGREE)
        unit = f"{row['unit']} over the floor" if part == "over" else "× floor"
        verdict = "  MORE THAN 20 %" if judged and differs > AGREE else "" if judged else "  (no aim)"
        print(f"  {row['name']:32} {number(old[part]):>8} {number(row[part]):>8} {unit:18} {100 * differs:4.0f} %{verdict}")
    return agree


def earlier_run(options, name, path):
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        if run["v"] != 1 or not all(key in row for row in run["figures"] for key in ("ratio", "over", "line")):
            options.error(f"--{name}: {path} is of another version of the benchmarks")
    except OSError as error:
        options.error(f"--{name}: {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        options.error(f"--{name}: {path} isn't what ./dev bench writes")
    return run


def arguments():
    options = argparse.ArgumentParser(prog="./dev bench", description="Measures what it costs.")
    options.add_argument("--programs", default=SOURCE / "build/bench/bin", help=argparse.SUPPRESS)
    options.add_argument("--out", default=SOURCE / "build/bench.json", type=pathlib.Path,
                         help="where the figures go (build/bench.json)")
    options.add_argument("--rounds", type=int, default=ROUNDS, choices=range(1, 21), metavar="N",
                         help=f"1 to 20; {ROUNDS} unless said")
    options.add_argument("--only", default=",".join(MODULES), metavar="A,B",
                         help="some of " + ", ".join(MODULES))
    options.add_argument("--quick", action="store_true", help="tiny counts: proves that it runs, measures nothing")
    options.add_argument("--against", type=pathlib.Path, metavar="FILE",
                         help="compare the ratios with those of an earlier run; status 1 over 20 %%")
    options.add_argument("--show", type=pathlib.Path, metavar="FILE",
                         help="measures nothing: what has an aim in an earlier run, as Markdown")
    options.add_argument("--all", action="store_true", help="with --show: every figure")
    args = options.parse_args()
    args.modules = list(dict.fromkeys(args.only.split(",")))
    for name in args.modules:
        if name not in MODULES:
            options.error(f"--only: no rows are called {name}; there are: {', '.join(MODULES)}")
    for name in ("show", "against"):
        if getattr(args, name):
            setattr(args, name, earlier_run(options, name, getattr(args, name)))
    if args.all and not args.show:
        options.error("--all goes with --show")
    if args.against and (args.quick or args.against["quick"]):
        options.error("--against: a quick run measures nothing that could be compared")
    if args.quick:
        args.rounds = 1
    if not args.show:
        check_ready(options, args)
    return args


def check_ready(options, args):
    """What would be a pity to learn after ten minutes."""
    if not (pathlib.Path(args.programs) / "schoolpoort-kiosk").exists():
        options.error(f"no programs in {args.programs}: ./dev bench builds them")
    if "board" in args.modules and not (SOURCE / "build/careboard/index.html").exists():
        options.error("no page in build/careboard: ./dev bench builds it")
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        options.error(f"--out: {args.out}: {error.strerror}")
    if args.out.is_dir() or not os.access(args.out.parent, os.W_OK):
        options.error(f"--out: {args.out} can't be written")


def modules_of(names):
    modules = [importlib.import_module(name) for name in names]
    known = [f.name for module in modules for f in module.FIGURES]
    twice = {name for name in known if known.count(name) > 1}
    assert not twice, f"two figures are called {', '.join(sorted(twice))}"
    return modules


def write(path, run):
    """Whole or not at all: an earlier run's file is no good with half of this one."""
    new = path.with_name(path.name + ".new")
    try:
        new.write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        print(f"not written: {path}: {error.strerror}", file=sys.stderr)
        return False
    return True


def main():
    args = arguments()
    if args.show:
        print_markdown(args.show, args.all)
        return 0
    os.environ["PATH"] = f"{PATH}:{os.environ.get('PATH', '')}"
    modules = modules_of(args.modules)
    of_commit = commit()  # before the ten minutes in which somebody may commit again
    taken, failed, others, begin = {}, [], [], time.monotonic()
    for turn in range(args.rounds):
        for module in modules:
            others.append(others_percent())
            at = time.monotonic()
            try:
                measure_round(module, args, turn, taken)
            except Exception:  # pylint: disable=broad-except  # the other rows are still worth having
                traceback.print_exc()
                failed.append(f"{module.__name__} in round {turn + 1}")
            print(f"round {turn + 1} of {args.rounds}: {module.__name__:10} {time.monotonic() - at:5.1f} s",
                  file=sys.stderr, flush=True)
    figures = [f for module in modules for f in module.FIGURES]
    rows = [result(f, taken[f.name], args.quick) for f in figures if f.name in taken]
    run = {
        "v": 1, "date": datetime.date.today().isoformat(), "commit": of_commit, "machine": machine(),
        "rounds": args.rounds, "quick": args.quick, "seconds": round(time.monotonic() - begin),
        "others_percent": round(median(others)), "figures": rows,
        "not_measured": [f.name for f in figures if f.name not in taken],
    }
    print_table(rows)
    written = write(args.out, run)
    met = [r["met"] for r in rows]
    print(f"\n{len(rows)} figures in {run['seconds']} s: {met.count(True)} aims met, {met.count(False)} missed; {args.out}")
    if run["others_percent"] > QUIET:
        print(f"the machine was not quiet: others had {run['others_percent']} % of its processors; don't trust the ratios")
    for name in run["not_measured"]:
        print(f"not measured: {name}")
    for name in failed:
        print(f"broke off: {name}; what it says stands above")
    agreed = not args.against or compare(run, args.against)
    return 0 if written and agreed and not failed and not run["not_measured"] else 1


def interrupted(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupted)  # what was started is ended, as after Ctrl-C
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was written", file=sys.stderr)
        sys.exit(130)
