"""The headers that canvas has for any shared state keep the contract, and who breaks it is found out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from lying_headers import Counting

from umbel.contracts import Backend, Headers, SharedState
from umbel_canvas.headers import SharedHeaders
from umbel_conformance.backend.heading import Heading
from umbel_conformance.proving import assert_found_out, find_out, liars_in
from umbel_sqlite.backend import SqliteBackend

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-memory", "umbel-sqlite", "umbel-conformance")

LIARS = Path(__file__).with_name("lying_headers.py")
names = itertools.count()


class CountingOnSqlite(SqliteBackend):
    contract_version = 1
    features = SqliteBackend.features | {"headers"}

    def shared(self) -> SharedState:
        shared = super().shared()

        class State(type(shared)):  # type: ignore[misc]
            def headers(self) -> Headers:
                return SharedHeaders(self)

        shared.__class__ = State
        return shared


class TestInMemory(Heading):
    manual_time = True

    @pytest.fixture
    def make_backend(self) -> Callable[[], Backend]:
        url = f"memory://counting-{next(names)}"
        return lambda: Counting(url)


class TestOnSqlite(Heading):
    @pytest.fixture
    def make_backend(self, tmp_path: Path) -> Callable[[], Backend]:
        return lambda: CountingOnSqlite(f"sqlite:///{tmp_path}/counting.db")


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return find_out(LIARS, tmp_path_factory.mktemp("liars"))


@pytest.mark.parametrize("liar", liars_in(LIARS))
def test_headers_that_break_the_contract_are_caught(findings: dict[str, list[str]], liar: str) -> None:
    assert_found_out(findings[liar])
