"""The tables of what transports and pools can do say what the conformance suites have shown in this very run."""

from __future__ import annotations

import pytest

from umbel.contracts import CONTRACTS
from umbel_docs.capabilities import COLUMNS, shown

ADVICE = "run all of them again with `pytest --capabilities docs/reference`"


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_table_says_what_this_run_has_shown(kind: str, pytestconfig: pytest.Config) -> None:
    report = pytest.importorskip("umbel_conformance.capability_report")
    rows = pytestconfig.stash[report.ROWS][kind] if report.ROWS in pytestconfig.stash else {}
    # Of a suite that ran in part nothing follows.
    whole = {name: row for name, row in rows.items() if row.features and row.features <= row.passed | row.failed}
    if not whole:
        pytest.skip(f"this run has tried no {kind} as a whole")
    table = shown(kind)
    wrong = {
        name: (row.shown, table.get(name))
        for name, row in whole.items()
        if table.get(name) != {"on": row.on, "shown": row.shown}
    }
    assert not wrong, f"{ADVICE}: {wrong}"


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_table_has_a_column_for_each_feature(kind: str) -> None:
    text = CONTRACTS[kind].__doc__ or ""
    assert all(f"`{name}`" in text for name in COLUMNS[kind])
    assert {name for row in shown(kind).values() for name in row["shown"]} <= {*COLUMNS[kind], "the contract"}
