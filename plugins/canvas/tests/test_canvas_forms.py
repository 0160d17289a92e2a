"""Signatures as they are written, copied and sent: the serialized form is Celery's."""

from __future__ import annotations

import copy
import json
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

from umbel import Umbel, chain, chord, group, maybe_signature, signature, xmap, xstarmap

KEYS = {"task", "args", "kwargs", "options", "subtask_type", "immutable"}


def _every_form(t: SimpleNamespace) -> dict[str, Any]:
    return {
        "signature": t.add.s(1, 2),
        "chain": t.add.s(1, 2) | t.add.s(3),
        "group": group(t.add.s(1), t.add.s(2)),
        "chord": chord([t.add.s(1), t.add.s(2)], t.total.s()),
        "chunks": t.add.chunks([(1, 2), (3, 4)], 1),
        "xmap": t.add.map([1, 2]),
        "xstarmap": t.add.starmap([(1, 2)]),
    }


FORMS = {
    "signature": ("proj.add", None, set()),
    "chain": ("celery.chain", "chain", {"tasks"}),
    "group": ("celery.group", "group", {"tasks"}),
    "chord": ("celery.chord", "chord", {"header", "body", "kwargs"}),
    "chunks": ("celery.chunks", None, {"it", "n", "task"}),
    "xmap": ("celery.map", None, {"it", "task"}),
    "xstarmap": ("celery.starmap", None, {"it", "task"}),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_serialized_form_is_celerys(tasks: SimpleNamespace, name: str) -> None:
    plain = json.loads(json.dumps(_every_form(tasks)[name]))
    task, subtask_type, named = FORMS[name]
    assert set(plain) == KEYS
    assert (plain["task"], plain["subtask_type"], set(plain["kwargs"])) == (task, subtask_type, named)


@pytest.mark.parametrize("name", FORMS)
def test_a_serialized_signature_comes_back(app: Umbel, tasks: SimpleNamespace, name: str) -> None:
    made = _every_form(tasks)[name]
    for copied in (app.signature(json.loads(json.dumps(made))), pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert json.loads(json.dumps(copied)) == json.loads(json.dumps(made))
        assert made["task"].startswith("celery.") or copied.apply().get() == made.apply().get()


def test_partial_arguments_go_in_front_and_keywords_and_options_win(tasks: SimpleNamespace) -> None:
    made = tasks.add.s(2, y=1).set(queue="q", countdown=1).clone((1,), {"y": 3}, countdown=2)
    assert (made.args, made.kwargs) == ((1, 2), {"y": 3})
    assert made.options == {"queue": "q", "countdown": 2}


def test_an_immutable_signature_takes_no_arguments(tasks: SimpleNamespace) -> None:
    made = tasks.add.si(2, 3).clone((1,), {"y": 3}, queue="q")
    assert (made.args, made.kwargs, made.options["queue"]) == ((2, 3), {}, "q")


def test_some_options_are_never_replaced(tasks: SimpleNamespace) -> None:
    made = tasks.add.s(1).set(group_id="g").clone(group_id="other", queue=None)
    assert made.options == {"group_id": "g"}


def test_links_are_kept_once(tasks: SimpleNamespace) -> None:
    made = tasks.add.s(1)
    assert made.link(tasks.add.s(2)) == tasks.add.s(2)
    made.link(tasks.add.s(2))
    assert made.on_error(tasks.fail.s()) is made
    assert len(made.options["link"]) == len(made.options["link_error"]) == 1
    assert made.flatten_links() == [made, tasks.add.s(2)]


def test_a_groups_link_follows_its_first_member_and_its_errback_all(tasks: SimpleNamespace) -> None:
    made = group(tasks.add.s(1), tasks.add.s(2))
    made.link(tasks.add.s(3))
    made.link_error(tasks.fail.s())
    first, second = made.tasks
    assert first.options["link"][0].immutable
    assert "link" not in second.options
    assert first.options["link_error"][0] == second.options["link_error"][0]
    for option in ("link", "link_error"):
        with pytest.raises(TypeError, match="link"):
            made.apply_async(**{option: tasks.add.s(1)})


def test_a_chords_links_are_its_bodys(app: Umbel, tasks: SimpleNamespace) -> None:
    made = chord([tasks.add.s(1)], tasks.total.s())
    made.link(tasks.add.s(1))
    made.link_error(tasks.fail.s())
    assert set(made.body.options) == {"link", "link_error"}
    assert "link_error" not in made.tasks[0].options
    app.conf.task_allow_error_cb_on_chord_header = True
    made.link_error(tasks.add.s())
    assert "link_error" in made.tasks[0].options


def test_freezing_gives_ids_that_stay(tasks: SimpleNamespace) -> None:
    made = tasks.add.s(1) | group(tasks.add.s(1), tasks.add.s(2)) | tasks.total.s() | tasks.add.s(1)
    result = made.freeze()
    assert made.freeze().id == result.id
    assert result.parent.parent.id == made.tasks[-1].options["task_id"]
    assert [each.id for each in result.parent.parent] == [each.id for each in made.tasks[-1].tasks]
    assert result.parent.parent.parent.id == made.tasks[0].id


def test_a_skewed_group_begins_step_by_step(tasks: SimpleNamespace) -> None:
    made = group(tasks.add.s(n) for n in range(4)).skew(start=1, stop=3)
    assert [each.options["countdown"] for each in made.tasks] == [1, 2, 1, 2]


def test_the_generator_of_a_group_is_read_once(tasks: SimpleNamespace) -> None:
    made = group(tasks.add.s(n) for n in range(3))
    assert made.apply().get() == [0, 1, 2]
    with pytest.raises(RuntimeError, match="give a list"):
        made.apply()


def test_a_generator_that_was_looked_at_is_a_list(tasks: SimpleNamespace) -> None:
    made = group(tasks.add.s(n) for n in range(3))
    assert len(made) == 3
    assert made.apply().get() == made.apply().get()


def test_maps_are_immutable(tasks: SimpleNamespace) -> None:
    assert isinstance(tasks.add.map([1]), xmap)
    assert isinstance(tasks.add.starmap([(1, 2)]), xstarmap)
    assert all(each.immutable for each in (tasks.add.map([1]), tasks.add.starmap([]), tasks.add.chunks([], 2)))


def test_a_signature_of_none_is_none(tasks: SimpleNamespace) -> None:
    assert maybe_signature(None) is None
    assert signature(tasks.add.s(1)) == tasks.add.s(1)


def test_signatures_say_what_they_are(tasks: SimpleNamespace) -> None:
    add, total = tasks.add, tasks.total
    assert repr(add.s(1, y=2)) == "proj.add(1, y=2)"
    assert repr(add.s(1) | add.s(2)) == "proj.add(1) | proj.add(2)"
    assert repr(group(add.s(1), add.s(2))) == "group(proj.add(1), proj.add(2))"
    assert repr(chord([add.s(1)], total.s())) == "%proj.total([proj.add(1)])"
    assert repr(group(add.s(n) for n in range(2))) == "group(<generator>)"
    assert "empty" in repr(chain())


def test_a_call_of_a_signature_runs_the_function(tasks: SimpleNamespace) -> None:
    assert tasks.add.s(2)(1) == 3


def test_a_long_row_of_members_is_an_id_and_a_number(tasks: SimpleNamespace) -> None:
    result = group(tasks.add.s(n) for n in range(3)).freeze()
    assert [each.id[:24] for each in result] == [result.id[:24]] * 3
    assert [each.id[24:] for each in result] == ["000000000000", "000000000001", "000000000002"]
