"""The conformance kit finds out: each of these drivers breaks the contract once, and the test it names must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from umbel_conformance.proving import assert_found_out, find_out, liars_in

LIARS = Path(__file__).parent / "liars"
TRANSPORTS = LIARS / "lying_transports.py"
HISTORIES = LIARS / "lying_histories.py"
BACKENDS = LIARS / "lying_backends.py"


@pytest.fixture(scope="module")
def transports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return find_out(TRANSPORTS, tmp_path_factory.mktemp("transports"))


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return find_out(HISTORIES, tmp_path_factory.mktemp("histories"))


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    return find_out(BACKENDS, tmp_path_factory.mktemp("backends"))


@pytest.mark.parametrize("liar", liars_in(TRANSPORTS))
def test_a_transport_that_breaks_the_contract_is_caught(transports: dict[str, list[str]], liar: str) -> None:
    assert_found_out(transports[liar])


@pytest.mark.parametrize("liar", liars_in(HISTORIES))
def test_a_transport_that_tells_a_wrong_story_is_caught(histories: dict[str, list[str]], liar: str) -> None:
    assert_found_out(histories[liar])


@pytest.mark.parametrize("liar", liars_in(BACKENDS))
def test_a_backend_that_breaks_the_contract_is_caught(backends: dict[str, list[str]], liar: str) -> None:
    assert_found_out(backends[liar])
