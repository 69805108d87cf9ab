#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What it costs: every figure beside its floor, measured in the same run.

run.py --programs build/bench/bin --out build/bench.json   all rows, three rounds; a table at the end
run.py --show FILE                                         the table of an earlier run, as Markdown
run.py --against FILE ...                                  then each ratio beside that of an earlier run

A figure is the median of its rounds, its ratio the median of the rounds' own ratios. The exit status says whether
all was measured (0) or not (1), not whether every aim was met: the table says that.
"""

import argparse
import datetime
import importlib
import json
import os
import pathlib
import platform
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
    done = subprocess.run(["stat", "-f", "-c", "%T", tempfile.gettempdir()], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def commit():
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


def result(figure: Figure, rounds):
    value, floor, peer = (middle([getattr(m, part) for m in rounds]) for part in ("value", "floor", "peer"))
    ratio = middle([m.value / m.floor for m in rounds if m.floor])
    notes = list(dict.fromkeys(m.note for m in rounds if m.note))
    return {
        "name": figure.name, "what": figure.what, "unit": figure.unit,
        "value": value, "least": min(m.value for m in rounds), "most": max(m.value for m in rounds),
        "floor": floor, "floor_is": figure.floor, "ratio": ratio, "peer": peer,
        "aim": figure.aim.text(figure.unit), "met": figure.aim.kept(value, floor, ratio),
        "rounds": len(rounds), "notes": notes,
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


def print_markdown(run):
    m = run["machine"]
    print(f"{run['date']}, {m['cores']} cores ({m['cpu']}), {m['file_system']}, {m['system']}, "
          f"commit {run['commit']}, {run['rounds']} rounds:\n")
    print("| figure | value | floor | ratio | peer | aim | |\n| --- | --- | --- | --- | --- | --- | --- |")
    for row in run["figures"]:
        what, value, _, floor, ratio, peer, aim, met = cells(row)
        floor_is = f" ({row['floor_is']})" if row["floor_is"] and floor else ""
        print(f"| {what} | {value} | {floor}{floor_is} | {ratio} | {peer} | {aim} | {met} |")


def compare(run, earlier):
    """Each ratio beside an earlier run's; true where they agree. Without a floor there is no ratio to agree."""
    before = {r["name"]: r for r in earlier["figures"]}
    agree = True
    print(f"\nratios beside those of {earlier['date']}, {earlier['commit']}:")
    for row in run["figures"]:
        old = before.get(row["name"], {}).get("ratio")
        if row["ratio"] is None or not old:
            continue
        differs = max(row["ratio"], old) / min(row["ratio"], old) - 1
        agree = agree and differs <= AGREE
        print(f"  {row['name']:32} {number(old):>8} {number(row['ratio']):>8}  {100 * differs:4.0f} %"
              f"{'' if differs <= AGREE else '  MORE THAN 20 %'}")
    return agree


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
    options.add_argument("--show", type=pathlib.Path, metavar="FILE", help="an earlier run's table, as Markdown")
    args = options.parse_args()
    args.modules = args.only.split(",")
    for name in args.modules:
        if name not in MODULES:
            options.error(f"--only: no rows are called {name}; there are: {', '.join(MODULES)}")
    for name in ("show", "against"):
        path = getattr(args, name)
        if path and not path.exists():
            options.error(f"--{name}: {path} isn't there")
    if args.quick:
        args.rounds = 1
    return args


def main():
    args = arguments()
    if args.show:
        print_markdown(json.loads(args.show.read_text(encoding="utf-8")))
        return 0
    modules = [importlib.import_module(name) for name in args.modules if (HERE / f"rows/{name}.py").exists()]
    taken, failed, begin = {}, [], time.monotonic()
    for turn in range(args.rounds):
        for module in modules:
            at = time.monotonic()
            try:
                measure_round(module, args, turn, taken)
            except Exception:  # pylint: disable=broad-except  # the other rows are still worth having
                traceback.print_exc()
                failed.append(module.__name__)
            print(f"round {turn + 1} of {args.rounds}: {module.__name__:10} {time.monotonic() - at:5.1f} s",
                  file=sys.stderr, flush=True)
    figures = [f for module in modules for f in module.FIGURES]
    rows = [result(f, taken[f.name]) for f in figures if f.name in taken]
    run = {
        "v": 1, "date": datetime.date.today().isoformat(), "commit": commit(), "machine": machine(),
        "rounds": args.rounds, "quick": args.quick, "seconds": round(time.monotonic() - begin), "figures": rows,
        "not_measured": [f.name for f in figures if f.name not in taken],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(run, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print_table(rows)
    met = [r["met"] for r in rows]
    print(f"\n{len(rows)} figures in {run['seconds']} s: {met.count(True)} aims met, {met.count(False)} missed; {args.out}")
    for name in run["not_measured"]:
        print(f"not measured: {name}")
    agreed = not args.against or compare(run, json.loads(args.against.read_text(encoding="utf-8")))
    return 1 if failed or run["not_measured"] or not agreed else 0


if __name__ == "__main__":
    sys.exit(main())
