from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from umbel import StampingVisitor, chord, group


class Numbering(StampingVisitor):
    """Each call gets a number, each kind of workflow a name."""

    def __init__(self) -> None:
        self.count = 0

    def on_signature(self, sig: Any, **headers: Any) -> dict[str, Any]:
        self.count += 1
        return {"number": self.count}

    def on_group_start(self, group: Any, **headers: Any) -> dict[str, Any]:
        return {"within": "group"}

    def on_chord_body(self, sig: Any, **header: Any) -> dict[str, Any]:
        return {"within": "body"}

    def on_callback(self, callback: Any, **header: Any) -> dict[str, Any]:
        return {"callback": True}


def test_every_call_is_stamped(tasks: SimpleNamespace) -> None:
    canvas = chord([tasks.add.s(1), tasks.add.s(2)], tasks.total.s())
    canvas.stamp(customer="acme")
    for call in (*canvas.tasks, canvas.body):
        assert (call.options["customer"], call.options["stamped_headers"]) == ("acme", ["customer"])


def test_a_visitor_says_what_each_is_stamped_with(tasks: SimpleNamespace) -> None:
    inner = group(tasks.add.s(1), tasks.add.s(2))
    canvas = tasks.add.s(0).set(link=[tasks.add.s(9)]) | inner
    canvas.stamp(Numbering())
    first, (second, third) = canvas.tasks[0], canvas.tasks[1].tasks
    assert (first.options["number"], second.options["number"], third.options["number"]) == (1, 3, 4)
    assert first.options["link"][0].options["number"] == 2
    assert first.options["link"][0].options["callback"] is True
    assert (second.options["within"], "within" in first.options) == ("group", False)


def test_only_the_headers_that_are_listed_are_stamps(tasks: SimpleNamespace) -> None:
    class Listing(StampingVisitor):
        def on_signature(self, sig: Any, **headers: Any) -> dict[str, Any]:
            return {"seen": 1, "unseen": 2, "stamped_headers": ["seen"]}

    call = tasks.add.s(1)
    call.stamp(Listing())
    assert call.options["stamped_headers"] == ["seen"]


def test_stamps_are_replaced_or_gathered(tasks: SimpleNamespace) -> None:
    call = tasks.add.s(1)
    call.stamp(customer="one")
    call.stamp(customer="two")
    assert call.options["customer"] == "two"
    call.stamp(append_stamps=True, customer="three")
    assert call.options["customer"] == ["two", "three"]
