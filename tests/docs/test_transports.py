"""The table of what transports can do says what the conformance suites have shown in this very run."""

from __future__ import annotations

import pytest

from umbel.contracts import Transport
from umbel_docs.transports import COLUMNS, shown

ADVICE = "run all of them again with `pytest --capabilities docs/reference/transports.json`"


def test_the_table_says_what_this_run_has_shown(pytestconfig: pytest.Config) -> None:
    report = pytest.importorskip("umbel_conformance.capability_report")
    rows = pytestconfig.stash.get(report.ROWS, {})
    # Of a suite that ran in part nothing follows.
    whole = {name: row for name, row in rows.items() if row.features and row.features <= row.passed | row.failed}
    if not whole:
        pytest.skip("this run has tried no transport as a whole")
    table = shown()
    wrong = {
        name: (row.shown, table.get(name))
        for name, row in whole.items()
        if table.get(name) != {"on": row.on, "shown": row.shown}
    }
    assert not wrong, f"{ADVICE}: {wrong}"


def test_the_table_has_a_column_for_each_feature() -> None:
    text = Transport.__doc__ or ""
    assert all(f"- `{name}`:" in text for name in COLUMNS)
    assert {name for row in shown().values() for name in row["shown"]} <= {*COLUMNS, "the contract"}
