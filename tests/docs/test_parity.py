"""The table of parity is true: what introspection shows, what tests show, and what differs with a reason."""

from __future__ import annotations

import pytest

from umbel_docs.parity import NEED_MORE, SECTIONS, Item, items, markdown, unknown

ITEMS = items()
HERE = "tests/docs/test_parity.py"


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: f"{item.section}-{item.name}")
def test_an_item_is_the_same_or_differs_with_a_reason(item: Item) -> None:
    assert [*item.problems()] == []


def test_the_record_names_nothing_that_celery_does_not_have() -> None:
    assert unknown() == []


def test_every_section_has_items_and_is_in_the_table() -> None:
    assert {item.section for item in ITEMS} == set(SECTIONS)
    assert all(f"## {title}" in markdown() for title in SECTIONS.values())


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (Item("task", "fly", "()"), "it is missing"),
        (Item("task", "max_retries", "4"), "it is 3"),
        (Item("task", "delay", "(*args)"), "it is (*args, **kwargs)"),
        (Item("task_option", "bind", "False"), "names no test"),
        (Item("task_option", "acks_lat", "False", test=f"{HERE}::test_the_mistake_is_seen"), "did you mean"),
        (Item("call_option", "count_down", "", differs="so"), ""),
        (Item("call_option", "countdown", "", test=f"{HERE}::test_nothing"), "there is no test"),
        (Item("setting", "task_acks_late", "True", until="so"), ""),
        (Item("setting", "task_acks_late", "True"), "it is False"),
        (Item("signal", "task_success", "result, mood"), "without ['mood']"),
        (Item("exception", "Retry", "TaskError"), "Retry of"),
        (Item("worker_option", "pool", "--pool --pond"), "there is no ['--pond']"),
    ],
)  # fmt: skip
def test_the_mistake_is_seen(item: Item, problem: str) -> None:
    found = " ".join(item.problems())
    assert problem in found
    assert bool(problem) == bool(found)


def test_sections_that_need_more_exist() -> None:
    assert set(SECTIONS) >= NEED_MORE
