"""The table of parity: each item of Celery's, what Umbel shows for it, and which test says so."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

from umbel_docs.introspection import CHECKS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[3]
_FOLDER = ROOT / "docs" / "reference" / "parity"
#: The sections, with a title; those that introspection alone shows nothing of need a test, or a reason.
SECTIONS = {
    "task": "Members of a task",
    "task_setting": "Attributes that follow a setting",
    "request": "Fields of a request",
    "task_option": "Options of a task",
    "call_option": "Options of a call",
    "behaviour": "Behaviours that are easily missed",
    "exception": "Exceptions",
    "state": "States",
    "signal": "Signals",
    "app_signal": "Signals of an app",
    "setting": "Settings of tasks and workers",
    "pool": "Pools",
    "worker_option": "Options of `umbel worker`",
}
NEED_MORE = frozenset({"task_option", "call_option", "behaviour", "signal", "app_signal", "pool"})


@frozen
class Item:
    """One item. `celery` says what it is there: a default, parameters, or nothing."""

    section: str
    name: str
    celery: str
    #: A test, as FILE::NAME.
    test: str = ""
    #: The reason of a difference on purpose.
    differs: str = ""
    #: That of one which counts only while introspection finds it.
    until: str = ""

    @property
    def found(self) -> str:
        """What introspection finds that is not as in Celery; empty if it is the same."""
        check = CHECKS.get(self.section)
        return check(self.name, self.celery) if check is not None else ""

    @property
    def reason(self) -> str:
        """Why it differs; empty if it does not."""
        return self.differs or (self.until if self.found else "")

    def problems(self) -> Iterator[str]:
        """What is not as the record says."""
        if self.found and not self.reason:
            yield f"{self.section} {self.name}: {self.found}; say why in record.toml, or mend it"
        if self.section in NEED_MORE and not (self.test or self.differs or self.until):
            yield f"{self.section} {self.name}: record.toml names no test, and no reason of a difference"
        if self.test and self.test.partition("::")[2] not in _tests_in(self.test.partition("::")[0]):
            yield f"{self.section} {self.name}: there is no test {self.test}"


def items() -> list[Item]:
    """All of them, in the order of the sections."""
    facts, record = facts_of_celery(), record_of_umbel()
    files = record["files"]
    return [
        _item(section, name, celery, record.get(section, {}).get(name, ""), files)
        for section in SECTIONS
        for name, celery in (facts.get(section) or dict.fromkeys(record[section], "")).items()
    ]


def unknown() -> list[str]:
    """What the record has and Celery has not."""
    facts, record = facts_of_celery(), record_of_umbel()
    known = {section: {*facts.get(section, record.get(section, ()))} for section in SECTIONS}
    said = {(section, name) for section, names in record.items() if section != "files" for name in names}
    return sorted(f"{section} {name}" for section, name in said if name not in known.get(section, ()))


def facts_of_celery() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((_FOLDER / "celery.json").read_text("utf-8"))
    return found


def record_of_umbel() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "record.toml").read_text("utf-8"))


def _item(section: str, name: str, celery: str, said: str | Mapping[str, str], files: Mapping[str, str]) -> Item:
    if isinstance(said, str):
        said = {"test" if "::" in said else "differs": said} if said else {}
    key, _, test = said.get("test", "").partition("::")
    told = {**said, "test": f"{files[key]}::{test}" if test else ""}
    return Item(section, name, celery, **told)


@cache
def _tests_in(path: str) -> frozenset[str]:
    if not (ROOT / path).exists():
        return frozenset()
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def markdown() -> str:
    """A table for each section."""
    everything = items()
    return "\n".join(
        line
        for section, title in SECTIONS.items()
        for line in _section(title, [item for item in everything if item.section == section])
    )


def _section(title: str, rows: list[Item]) -> Iterator[str]:
    yield from (f"## {title}", "", "| item | Celery | Umbel | shown by |", "|---|---|---|---|")
    for item in rows:
        name = item.name if item.section == "behaviour" else f"`{item.name}`"
        celery = f"`{item.celery}`" if item.celery else " "
        yield f"| {name} | {celery} | {item.reason or 'the same'} | {_shown_by(item)} |"
    yield ""


def _shown_by(item: Item) -> str:
    if item.test:
        return item.test.partition("::")[2].removeprefix("test_").replace("_", " ")
    return " " if item.reason else "introspection"
