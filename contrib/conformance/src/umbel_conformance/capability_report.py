"""What a run has shown of each transport and pool: a plugin of pytest's, `-p umbel_conformance.capability_report`.

A suite with a `capability_row` gets a row: a feature counts as shown if it is declared, some test that needs it has
run, and none has failed. `--capabilities FOLDER` writes the rows of each kind as JSON: `transports.json`, `pools.json`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define


@define
class Row:
    """One driver."""

    #: `server`, `emulator`, `in the process`: what stood behind a transport.
    on: str
    features: set[str] = Factory(set)
    passed: set[str] = Factory(set)
    failed: set[str] = Factory(set)

    @property
    def shown(self) -> list[str]:
        return sorted((self.features & self.passed) - self.failed)


#: The rows of each kind by their names.
ROWS: pytest.StashKey[defaultdict[str, dict[str, Row]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--capabilities", metavar="FOLDER", help="Write what transports and pools have shown to files in it, as JSON."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = defaultdict(dict)
    config.pluginmanager.register(_Book(config.stash[ROWS]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """The report takes along what it is about: the test may have run in another process (`umbel_conformance.apart`)."""
    outcome = yield
    suite: Any = getattr(item, "cls", None)
    name = getattr(suite, "capability_row", "")
    if name:
        # What needs nothing is what every driver must do; a suite that leaves out some of it has not shown that.
        basic = ["the contract"] if getattr(suite, "capability_whole", True) else []
        needed = sorted(getattr(item.function, "umbel_needs", ()) or basic)  # type: ignore[attr-defined]
        about = {"kind": suite.kind, "name": name, "on": suite.capability_on, "basic": basic, "needed": needed}
        outcome.get_result().user_properties.append(("capability", about))


class _Book:
    """Keeps what the reports say."""

    def __init__(self, rows: defaultdict[str, dict[str, Row]]) -> None:
        self._rows = rows

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        about = properties.get("capability")
        if about is None or report.skipped:
            return
        row = self._rows[about["kind"]].setdefault(about["name"], Row(about["on"]))
        if report.failed:
            row.failed |= set(about["needed"])
        elif report.when == "call":
            row.passed |= set(about["needed"])
            row.features |= {*about["basic"], *properties.get("features", ())}


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = session.config.getoption("--capabilities")
    for kind, rows in session.config.stash[ROWS].items() if folder else ():
        found = {name: {"on": row.on, "shown": row.shown} for name, row in sorted(rows.items())}
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        Path(folder, f"{kind}s.json").write_text(text, "utf-8")
