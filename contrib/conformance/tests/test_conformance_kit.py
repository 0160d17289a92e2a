"""The kit itself: its lists follow the contracts, and a suite without its fixture says what is missing."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import umbel_conformance
from umbel.contracts import CONTRACTS
from umbel_conformance.capabilities import KNOWN_FEATURES

pytest_plugins = ["pytester"]

#: By their kinds; the suite for commands has none.
SUITES = {
    suite.kind: suite
    for suite in (getattr(umbel_conformance, name) for name in umbel_conformance.__all__)
    if hasattr(suite, "kind")
}


def test_there_is_a_suite_for_every_kind() -> None:
    assert set(SUITES) == set(CONTRACTS)


@pytest.mark.parametrize("kind", ["transport", "pool", "backend", "scheduler", "consumer"])
def test_every_feature_of_the_kit_is_named_by_the_contract(kind: str) -> None:
    text = inspect.getdoc(CONTRACTS[kind]) or ""
    assert {feature for feature in KNOWN_FEATURES[kind] if f"`{feature}`" not in text} == set()


def test_every_feature_that_the_contract_of_transports_lists_is_known_to_the_kit() -> None:
    listed = re.findall(r"^- `(\w+)`:", inspect.getdoc(CONTRACTS["transport"]) or "", re.MULTILINE)
    assert set(listed) == KNOWN_FEATURES["transport"]


@pytest.mark.parametrize("kind", ["transport", "pool", "backend", "scheduler", "consumer"])
def test_every_feature_has_a_test_that_needs_it(kind: str) -> None:
    suite = SUITES[kind]
    tests = [getattr(suite, name) for name in dir(suite) if name.startswith("test_")]
    needed = {feature for test in tests for feature in getattr(test, "umbel_needs", ())}
    untested = KNOWN_FEATURES[kind] - needed
    # `push` cannot be told from asking often but by the clock, which no test looks at.
    assert untested <= {"push"}


def test_a_suite_without_its_fixture_says_what_is_missing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from umbel_conformance import TransportConformance

        class TestNothing(TransportConformance):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-k", "test_closing_twice_is_no_error", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*must have the fixture `make_transport`*"])


def test_a_driver_that_hangs_fails_and_the_run_goes_on(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import threading
        from umbel_conformance.patience import Patience

        class TestHanging(Patience):
            patience_s = 1.0

            def test_hangs(self):
                threading.Event().wait()

            def test_goes_on(self):
                pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)


def test_no_file_of_the_kit_is_long() -> None:
    package = Path(umbel_conformance.__file__).parent
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in package.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
