"""`umbel workflow` beside a worker."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner
from place import LIMIT_S, Place

from umbel import GroupResult, Umbel, chain, chord, group
from umbel.cli.context import CliContext

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


def _umbel(place: Place, *words: str) -> Any:
    """The command has an app of its own, as in a terminal: it closes that when it ends."""
    command = pytest.importorskip("umbel_canvas.command").workflow
    app = Umbel("w", broker=place.url, backend=place.url, set_as_current=False)
    return CliRunner().invoke(command, words, obj=CliContext(given=app))


def _send(place: Place, **options: Any) -> Any:
    t = place.tasks
    return chain(t.add.s(1, 1), chord([t.add.s(n) for n in range(20)], t.total.s())).apply_async(**options)


def test_a_workflow_is_shown_with_the_state_of_every_call(place: Place) -> None:
    result = _send(place)
    before = _umbel(place, "show", result.id)
    assert before.exit_code == 0, before.output
    assert "20 × w.add  20 PENDING" in before.output

    place.work()
    result.get(timeout=LIMIT_S)
    after = _umbel(place, "show", result.id, "--follow")
    assert "20 × w.add  20 SUCCESS" in after.output
    assert after.output.strip().endswith(str(result.graph))


@pytest.mark.parametrize(("form", "begins"), [("dot", "digraph workflow {"), ("mermaid", "flowchart LR")])
def test_a_workflow_is_drawn_for_others(place: Place, form: str, begins: str) -> None:
    shown = _umbel(place, "show", _send(place).id, "--format", form)
    assert shown.output.startswith(begins)


def test_the_latest_workflows_are_listed_first(place: Place) -> None:
    for number in range(3):
        _send(place, task_id=f"number-{number}")
    listed = json.loads(_umbel(place, "list", "--limit", "2", "--json").output)
    assert [each["id"] for each in listed] == ["number-2", "number-1"]
    assert (listed[0]["state"], listed[0]["done"], listed[0]["calls"]) == ("PENDING", 0, 22)
    assert "w.add | %w.total([20 × w.add])" in _umbel(place, "list").output


def test_what_a_task_starts_is_no_workflow_of_its_own(place: Place) -> None:
    @place.app.task(name="w.starts")
    def starts() -> None:
        _send(place, task_id="inner")

    place.work()
    starts.delay().get(timeout=LIMIT_S)
    listed = _umbel(place, "list")
    assert listed.output == "There are no workflows.\n", listed.exception


def test_an_unknown_workflow_is_an_error(place: Place) -> None:
    shown = _umbel(place, "show", "nobody")
    assert shown.exit_code != 0
    assert "nobody" in f"{shown.output}{shown.exception}"


def test_a_bar_grows_with_the_group(place: Place) -> None:
    place.work()
    stream = io.StringIO()
    group(place.tasks.add.s(n, 1) for n in range(50)).apply_async().progress(stream, timeout=LIMIT_S)
    assert stream.getvalue().splitlines()[-1] == f"[{'█' * 30}] 50/50"


def test_a_saved_group_is_restored_by_its_id(place: Place) -> None:
    place.work()
    result = group(place.tasks.add.s(n, 1) for n in range(5)).apply_async().save()
    restored = GroupResult.restore(str(result.id), app=place.app)
    assert restored == result
    assert restored.get(timeout=LIMIT_S) == [1, 2, 3, 4, 5]
    assert (restored.ready(), restored.successful()) == (True, True)
    assert (restored.failed(), restored.waiting()) == (False, False)
    restored.delete()
    assert GroupResult.restore(str(result.id), app=place.app) is None


def test_children_and_their_values_are_collected(place: Place) -> None:
    @place.app.task(name="w.parent")
    def parent() -> int:
        place.tasks.add.delay(1, 1)
        group(place.tasks.add.s(n, 1) for n in range(2)).apply_async()
        return 5

    place.work()
    result = parent.delay()
    result.get(timeout=LIMIT_S)
    for child in result.children:
        child.get(timeout=LIMIT_S)
    assert [value for _, value in result.collect()] == [5, 2, [1, 2], 1, 2]
