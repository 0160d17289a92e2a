"""Random workflows come out of workers as they come out here and now."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from place import Place

from umbel import GroupResult, chain, chord, group
from umbel.app import current

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")

#: Longer than any of them takes; a failure is looked at many times, to make it small.
LIMIT_S = 5.0

#: A workflow as plain data: the name of a task, or a kind and what it is made of.
Plan = Any

_CALLS = st.sampled_from(["same", "same", "same", "again", "other", "others", "several", "immutable"])


def _around(below: st.SearchStrategy[Plan]) -> st.SearchStrategy[Plan]:
    several = st.lists(below, max_size=4)
    return st.one_of(
        st.tuples(st.just("chain"), st.lists(below, min_size=1, max_size=4)),
        st.tuples(st.just("group"), several),
        st.tuples(st.just("chord"), several, below),
    )


PLANS = st.recursive(_CALLS, _around, max_leaves=12)
FAILING = st.recursive(st.one_of(_CALLS, st.sampled_from(["fail", "worse"])), _around, max_leaves=8)


def build(plan: Plan, t: Any, counter: list[int]) -> Any:
    """The signature of a plan; every call has an argument of its own."""
    if isinstance(plan, str):
        counter[0] += 1
        return t.same.si(counter[0]) if plan == "immutable" else getattr(t, plan).s(counter[0])
    kind, members, *body = plan
    made = [build(each, t, counter) for each in members]
    if kind == "chain":
        return chain(*made)
    return group(made) if kind == "group" else chord(made, build(body[0], t, counter))


class Failed:
    """The workflow has failed: with this error, or, of a group's, with any."""

    def __init__(self, error: str | None) -> None:
        self.error = error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failed) and (self.error == other.error or None in (self.error, other.error))

    def __repr__(self) -> str:
        return f"Failed({self.error})"


def _value(result: Any, **options: Any) -> Any:
    if result is None:
        return None
    grouped = isinstance(result, GroupResult)
    try:
        return result.get(**options)
    except Exception as error:
        return Failed(None if grouped else type(error).__name__)


def _check(place: Place, plan: Plan) -> None:
    current.set_current(place.app)
    expected = _value(build(plan, place.tasks, [0]).apply())
    result = build(plan, place.tasks, [0]).apply_async()
    if not isinstance(result, GroupResult) and result is not None:
        # By its id: a result with parents raises what they did, if they did so first.
        result = place.app.AsyncResult(result.id)
    assert _value(result, timeout=LIMIT_S) == expected


PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
SETTINGS = settings(max_examples=60, derandomize=True, **PATIENT)
#: Others each time. More for those who look for trouble: UMBEL_EXAMPLES=10000.
MANY = settings(max_examples=int(os.environ.get("UMBEL_EXAMPLES", "1000")), **PATIENT)


@SETTINGS
@given(plan=PLANS)
def test_workers_return_what_comes_out_here_and_now(busy: Place, plan: Plan) -> None:
    _check(busy, plan)


@SETTINGS
@given(plan=FAILING)
def test_workers_fail_where_it_fails_here_and_now(busy: Place, plan: Plan) -> None:
    _check(busy, plan)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@MANY
@given(plan=st.one_of(PLANS, FAILING))
def test_many_more(busy: Place, plan: Plan) -> None:
    _check(busy, plan)
