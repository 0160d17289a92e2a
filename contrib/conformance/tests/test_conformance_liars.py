"""The suites find out: each of these drivers breaks its contract once, and the test it names must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from umbel_conformance.proving import assert_found_out, find_out, liars_in

SPECIMENS = Path(__file__).parent / "specimens"
FILES = ["bare_pool", "bare_serializer", "bare_compression", "bare_scheduler", "bare_parts"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    return {file: find_out(SPECIMENS / f"{file}.py", tmp_path_factory.mktemp(file)) for file in FILES}


@pytest.mark.parametrize(
    ("file", "liar"), [(file, liar) for file in FILES for liar in liars_in(SPECIMENS / f"{file}.py")]
)
def test_a_driver_that_breaks_its_contract_is_caught(
    findings: dict[str, dict[str, list[str]]], file: str, liar: str
) -> None:
    assert_found_out(findings[file][liar])
