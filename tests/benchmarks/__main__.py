"""Umbel beside Celery and the peers, on one broker, in one run:

python -m tests.benchmarks [--broker redis] [--only drain,idle] [--with umbel,huey] [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from . import brokers, contenders, environment, measurements
from .brokers import BrokerModule
from .contender import Contender, found_in
from .measurement import Bench, Case, Measurement
from .report import as_json, tables, verdict_table
from .samples import Row, Samples
from .session import BenchmarkError
from .targets import verdicts


def main() -> None:
    known = sorted((module.MEASUREMENT for module in found_in(measurements)), key=lambda one: one.place)
    modules = {module.__name__.rpartition(".")[2]: module for module in found_in(brokers)}
    options = _options(known, modules)
    broker = cast(BrokerModule, modules[options.broker])
    taking_part, absent = _contenders(options.broker, options.contenders)
    environment.prepare(taking_part)
    durabilities = options.durability or broker.DURABILITIES
    about = _about(options, broker, durabilities, taking_part, absent)
    print(_heading(about, broker.TITLE), flush=True)
    rows: list[Row] = []
    for measurement in known:
        if options.only and measurement.name not in options.only:
            continue
        mine: list[Row] = []
        for durability in durabilities if measurement.at_every_durability else durabilities[:1]:
            mine += measure(measurement, Bench(broker, durability, options.quick), taking_part, options.repeats)
        rows += mine
        print("\n" + "\n".join(tables([measurement], mine)), flush=True)
    found = verdicts(options.broker, rows)
    about["load after"] = round(os.getloadavg()[0], 2)
    print(f"\n## Targets\n\n{verdict_table(found)}\n\nLoad at the end: {about['load after']}.")
    if options.json:
        options.json.write_text(json.dumps(as_json(about, rows, found), indent=1) + "\n")


def measure(measurement: Measurement, bench: Bench, taking_part: Sequence[Contender], repeats: int | None) -> list[Row]:
    """All rows of one measurement; the repeats go round in turn, so that a busy minute hits everyone alike."""
    cases = [case for contender in taking_part for case in measurement.cases(contender)]
    values: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    trouble: dict[Case, str] = {}
    for turn in range(repeats or (1 if bench.quick else measurement.repeats)):
        for case in cases:
            if case in trouble:
                continue
            _progress(f"{measurement.name} {turn + 1}: {case.contender.name} {case.label} {case.group}")
            try:
                values[case].append(measurement.once(bench, case))
            except BenchmarkError as error:
                trouble[case] = str(error)
    _progress("")
    order = {group: number for number, group in enumerate(dict.fromkeys(case.group for case in cases))}
    return [
        Row(
            measurement.name,
            f"{case.group}, {bench.durability}" if measurement.at_every_durability else case.group,
            case.contender.name,
            case.label,
            {key: Samples(tuple(each[key] for each in values[case])) for key in (values[case] or [{}])[0]},
            trouble.get(case),
        )
        for case in sorted(cases, key=lambda case: order[case.group])
    ]


def _contenders(broker: str, names: Sequence[str] | None) -> tuple[list[Contender], dict[str, str]]:
    taking_part, absent = [], {}
    for module in found_in(contenders):
        if hasattr(module, "ABSENT") and broker == module.BROKER:
            absent.update(module.ABSENT)
        elif hasattr(module, "CONTENDER") and broker == module.CONTENDER.broker:
            taking_part.append(module.CONTENDER)
    if names:
        taking_part = [one for one in taking_part if one.name.lower() in names]
    return sorted(taking_part, key=lambda one: (one.name != "Umbel", one.name)), absent


def _options(known: Sequence[Measurement], modules: Mapping[str, ModuleType]) -> argparse.Namespace:
    names = [one.name for one in known]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").split(":")[0])

    def words(text: str) -> list[str]:
        return [word.strip().lower() for word in text.split(",")]

    parser.add_argument("--only", type=words, metavar="NAME,…", help=f"of: {', '.join(names)}")
    parser.add_argument("--with", type=words, dest="contenders", metavar="NAME,…", help="only these contenders")
    parser.add_argument("--broker", default="sqlite", choices=modules, help="all are measured on it (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="small counts, one repeat: to see that it works")
    parser.add_argument("--repeats", type=int, help="instead of each measurement's own number")
    parser.add_argument("--durability", type=words, metavar="NAME,…", help="of the broker, the same for everyone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, raw values included")
    options = parser.parse_args()
    if unknown := sorted(set(options.only or ()) - set(names)):
        parser.error(f"no measurement {', '.join(unknown)}; there are: {', '.join(names)}")
    there = modules[options.broker].DURABILITIES
    if unknown := sorted(set(options.durability or ()) - set(there)):
        parser.error(f"no durability {', '.join(unknown)} on {options.broker}; there are: {', '.join(there)}")
    return options


def _about(
    options: argparse.Namespace,
    broker: BrokerModule,
    durabilities: Sequence[str],
    taking_part: Sequence[Contender],
    absent: dict[str, str],
) -> dict[str, Any]:
    return {
        "command": " ".join(["python -m tests.benchmarks", *sys.argv[1:]]),
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 2),
        "broker": options.broker,
        options.broker: broker.version(),
        "durabilities": list(durabilities),
        "contenders": {
            one.name: {"versions": environment.versions(one), "settings": one.settings(), "drain": one.drain}
            for one in taking_part
        },
        "absent": absent,
    }


def _heading(about: dict[str, Any], title: str) -> str:
    lines = [
        f"`{about['command']}`: {about['when']}, {about['machine']}, load {about['load']}, Python {about['python']}, "
        f"{title} {about[about['broker']]}, {' and '.join(about['durabilities'])} for everyone. "
        "Medians [lowest–highest].",
        "",
    ]
    for name, one in about["contenders"].items():
        versions = ", ".join(f"{dist} {version}" for dist, version in one["versions"].items())
        lines.append(f"- **{name}** ({versions}; drains {one['drain']:,} tasks): {one['settings']}.")
    lines += [f"- *{name}* is not measured on {about['broker']}: {why}." for name, why in about["absent"].items()]
    return "\n".join(lines)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
