"""What a run has shown of each transport: a plugin of pytest's, `-p umbel_conformance.capability_report`.

A suite for transports with a `capability_row` gets a row: a feature counts as shown if it is declared, some test that
needs it has run, and none has failed. `--capabilities FILE` writes the rows as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define

from umbel_conformance.transport import TransportConformance


@define
class Row:
    """One transport."""

    #: `server`, `emulator`, `in the process`: what stood behind it.
    on: str
    features: set[str] = Factory(set)
    passed: set[str] = Factory(set)
    failed: set[str] = Factory(set)

    @property
    def shown(self) -> list[str]:
        return sorted((self.features & self.passed) - self.failed)


ROWS: pytest.StashKey[dict[str, Row]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--capabilities", metavar="FILE", help="Write what the transports have shown to this file, as JSON."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    suite: Any = getattr(item, "cls", None)
    name = getattr(suite, "capability_row", "")
    if not (name and issubclass(suite, TransportConformance)) or report.skipped:
        return
    row = item.config.stash[ROWS].setdefault(name, Row(suite.capability_on))
    # What needs nothing is what every transport must do.
    needed = getattr(item.function, "umbel_needs", ()) or {"the contract"}  # type: ignore[attr-defined]
    if report.failed:
        row.failed |= set(needed)
    elif report.when == "call":
        row.passed |= set(needed)
        row.features |= {"the contract", *dict(report.user_properties).get("features", ())}


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--capabilities")
    if file:
        rows = session.config.stash[ROWS]
        found = {name: {"on": row.on, "shown": row.shown} for name, row in sorted(rows.items())}
        Path(file).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
