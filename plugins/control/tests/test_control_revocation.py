"""What is revoked does not begin, wherever and whenever it comes."""

from __future__ import annotations

import json
import signal as system
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from umbel import Umbel, clock, signals, states
from umbel.contracts import Backend
from umbel.exceptions import ImproperlyConfigured, TaskRevokedError, TemporaryError
from umbel.model import HeldTask
from umbel.wire.meta import meta
from umbel_conformance.worker import RecordingWorker, delivery
from umbel_control.marks import Marks, of_id, of_stamp
from umbel_control.revocation import Revocation
from umbel_control.sharing import SharedMarks
from umbel_control.statefile import StateFile

from .conftest import LocalShared

STAMPED = {"stamped_headers": ["customer"], "stamps": {"customer": ["acme", "other"]}}


@pytest.fixture
def now() -> Iterator[clock.ManualClock]:
    with clock.manual() as now:
        yield now


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What `task_revoked` was sent with."""
    heard: list[dict[str, Any]] = []
    signals.task_revoked.connect(lambda **about: heard.append(about), weak=False, dispatch_uid="told")
    yield heard
    signals.task_revoked.disconnect(dispatch_uid="told")


def start(worker: RecordingWorker, **settings: Any) -> Revocation:
    worker.settings = {**worker.settings, **settings}
    step = Revocation()
    step.start(worker)
    return step


def begins(step: Revocation, task_id: str, **headers: Any) -> bool:
    return step.gate()(delivery({"id": task_id, **headers})) is None


def another(app: Umbel, backend: Backend | None = None) -> RecordingWorker:
    return RecordingWorker(app=app, settings=dict(app.conf), backend=backend)


def test_a_revoked_task_does_not_begin_and_others_do(worker: RecordingWorker, told: list[dict[str, Any]]) -> None:
    step = start(worker)
    assert step.commands()["revoke"](task_id=["a", "b"]) == {"ok": "tasks ['a', 'b'] flagged as revoked"}
    verdict = step.gate()(delivery({"id": "a", "task": "proj.add"}))
    assert verdict is not None
    assert (verdict.state, type(verdict.error)) == (states.REVOKED, TaskRevokedError)
    assert begins(step, "c")
    assert sorted(step.commands()["revoked"]()) == ["a", "b"]
    ((about),) = told
    assert (about["terminated"], about["signum"], about["expired"]) == (False, None, False)
    assert (about["request"].id, about["sender"].name) == ("a", "proj.add")


def test_one_id_need_not_be_in_a_list(worker: RecordingWorker) -> None:
    step = start(worker)
    step.commands()["revoke"](task_id="a")
    assert not begins(step, "a")


def test_what_waits_in_the_worker_is_ended(worker: RecordingWorker, told: list[dict[str, Any]]) -> None:
    step = start(worker)
    worker.holding = [HeldTask(each, "proj.add", delivery({"id": each})) for each in ("a", "b")]
    step.commands()["revoke"](task_id=["a"])
    ((ids, verdict),) = worker.ended
    assert (ids, verdict.state) == (["a"], states.REVOKED)
    assert [about["request"].id for about in told] == ["a"]


def test_what_runs_is_left_alone_unless_it_is_to_be_terminated(worker: RecordingWorker) -> None:
    step = start(worker)
    worker.holding = [HeldTask("a", "proj.add", delivery({"id": "a"}), 1000.0, 4711)]
    step.commands()["revoke"](task_id=["a"])
    assert worker.terminated == []
    answer = step.commands()["revoke"](task_id=["a", "b"], terminate=True, signal="KILL")
    assert answer == {"ok": "terminate: a"}
    assert worker.terminated == [(["a"], system.SIGKILL)]
    assert step.commands()["terminate"](signal=None, task_id="nobody") == {"ok": "terminate: tasks unknown"}


@pytest.mark.parametrize("headers", [{"customer": "acme"}, {"customer": ["no", "acme"]}, ["customer=acme"]])
def test_any_one_stamp_is_enough(worker: RecordingWorker, headers: Any) -> None:
    step = start(worker)
    assert begins(step, "a", **STAMPED)
    step.commands()["revoke_by_stamped_headers"](headers=headers)
    assert not begins(step, "a", **STAMPED)
    assert begins(step, "a", stamped_headers=["customer"], stamps={"customer": "third"})
    assert begins(step, "a")
    assert step.commands()["revoked"]() == []


def test_running_tasks_are_terminated_by_their_stamps(worker: RecordingWorker) -> None:
    step = start(worker)
    worker.holding = [HeldTask("a", "proj.add", delivery({"id": "a", **STAMPED}), 1000.0, 4711)]
    answer = step.commands()["revoke_by_stamped_headers"](headers={"customer": "acme"}, terminate=True)
    assert "revoked" in answer["ok"]
    assert worker.terminated == [(["a"], system.SIGTERM)]


def test_stamps_of_a_command_line_need_a_name(worker: RecordingWorker) -> None:
    with pytest.raises(ValueError, match="expected stamps as name=value, found 'acme'"):
        start(worker).commands()["revoke_by_stamped_headers"](headers=["acme"])


def test_whoever_waits_for_the_result_hears_of_it_at_once(app: Umbel, backend: Backend) -> None:
    step = start(another(app, backend))
    for task_id, state in {"retried": states.RETRY, "runs": states.STARTED, "done": states.SUCCESS}.items():
        app.results.store_state(task_id, state, meta(task_id, state, None, {}))
    step.commands()["revoke"](task_id=["unknown", "retried", "runs", "done"])
    told = {task_id: app.AsyncResult(task_id).state for task_id in ("unknown", "retried", "runs", "done")}
    assert told == {
        "unknown": states.REVOKED, "retried": states.REVOKED, "runs": states.STARTED, "done": states.SUCCESS,
    }  # fmt: skip


def test_it_holds_for_workers_that_share_the_backend_and_for_those_that_start_later(
    app: Umbel, backend: Backend
) -> None:
    first, second = another(app, backend), another(app, backend)
    one, two = start(first), start(second)
    one.commands()["revoke"](task_id=["a"])
    assert not begins(start(another(app, backend)), "a"), "one that starts later"
    assert begins(two, "a"), "it has not heard of it yet"
    second.holding = [HeldTask("a", "proj.add", delivery({"id": "a"}))]
    ((_, look),) = second.timers
    look()
    assert not begins(two, "a")
    assert [ids for ids, _ in second.ended] == [["a"]], "what it had reserved meanwhile is ended"


def test_a_client_revokes_without_any_worker(app: Umbel, backend: Backend) -> None:
    app.control.revoke("a")
    app.control.revoke_by_stamped_headers({"customer": "acme"})
    later = start(another(app, backend))
    assert not begins(later, "a")
    assert not begins(later, "b", **STAMPED)


def test_the_result_revokes_itself(app: Umbel, backend: Backend) -> None:
    app.AsyncResult("a").revoke()
    app.AsyncResult("a").revoke_by_stamped_headers({"customer": ["acme"]})
    later = start(another(app, backend))
    assert not begins(later, "a")
    assert not begins(later, "b", **STAMPED)


def test_a_backend_that_is_away_keeps_nobody_from_starting_or_revoking(app: Umbel, backend: Any) -> None:
    backend.state.errors = [TemporaryError("away"), TemporaryError("away")]
    worker = another(app, backend)
    step = start(worker)
    step.commands()["revoke"](task_id=["a"])
    assert not begins(step, "a")
    start(another(app, backend)).commands()["revoke"](task_id=["b"])
    ((_, look),) = worker.timers
    look()
    assert not begins(step, "b")


def test_without_such_a_backend_it_is_the_file_that_lasts(app: Umbel, tmp_path: Path) -> None:
    path = tmp_path / "new" / "%n.state"
    worker = another(app)
    step = start(worker, worker_state_db=str(path))
    step.commands()["revoke"](task_id=["a"])
    step.commands()["revoke_by_stamped_headers"](headers={"customer": "acme"})
    ((_, save),) = worker.timers
    save()
    again = start(another(app), worker_state_db=str(path))
    assert not begins(again, "a")
    assert not begins(again, "b", **STAMPED)
    assert json.loads((tmp_path / "new" / "celery.state").read_text())["umbel"] == 1


def test_the_file_is_written_at_the_end_too(app: Umbel, tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    step = start(another(app), worker_state_db=path)
    step.commands()["learn_revoked"](task_ids=["a"])
    step.stop()
    assert not begins(start(another(app), worker_state_db=path), "a")


@pytest.mark.parametrize("content", [b"\x80\x04pickle", b"{}", b'{"umbel": 99, "revoked": {}}', b'{"umbel": 1}'])
def test_a_file_that_is_something_else_keeps_the_worker_from_starting(
    app: Umbel, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match="no file of an Umbel worker"):
        start(another(app), worker_state_db=str(tmp_path / "state"))
    assert (tmp_path / "state").read_bytes() == content


def test_a_file_that_cannot_be_written_is_tried_again(app: Umbel, tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "taken").write_text("")
    worker = another(app)
    step = start(worker, worker_state_db=str(tmp_path / "state"))
    step.commands()["revoke"](task_id=["a"])
    (tmp_path / "state.new").mkdir()
    ((_, save),) = worker.timers
    save()
    assert "cannot be written" in caplog.text
    (tmp_path / "state.new").rmdir()
    save()
    assert StateFile(str(tmp_path / "state"), "x@y").load().keys() == {of_id("a")}


def test_marks_are_forgotten_when_they_are_old(now: clock.ManualClock) -> None:
    marks = Marks(10, expires_s=100.0)
    marks.add({of_id("a"): clock.time()})
    now.advance(99)
    assert of_id("a") in marks
    now.advance(2)
    assert of_id("a") not in marks
    assert marks.all() == {}
    assert not marks.add({of_id("b"): clock.time() - 101}), "it is too old to be news"


def test_of_too_many_marks_the_oldest_go(now: clock.ManualClock) -> None:
    marks = Marks(3, expires_s=100.0)
    marks.add({of_id(str(number)): clock.time() - number for number in range(5)})
    assert marks.all().keys() == {of_id("0"), of_id("1"), of_id("2")}


def test_only_what_may_be_new_is_read_and_what_is_old_goes(now: clock.ManualClock) -> None:
    shared = LocalShared()
    one, two = SharedMarks(shared, 3600.0), SharedMarks(shared, 3600.0)
    one.add([of_id("a")])
    assert two.news().keys() == {of_id("a")}
    assert two.news() == {}
    now.advance(1000)
    one.add([of_id("b"), of_stamp("customer", "acme")])
    assert {of_id("b"), of_stamp("customer", "acme")} <= two.news().keys()
    now.advance(3000)
    one.add([of_id("c")])
    marks = Marks(10, 3600.0)
    marks.add(SharedMarks(shared, 3600.0).news())
    assert marks.all().keys() == {of_id("b"), of_id("c"), of_stamp("customer", "acme")}
    now.advance(10_000)
    assert SharedMarks(shared, 3600.0).news() == {}


def test_celerys_workers_are_told_what_is_revoked_in_their_form(worker: RecordingWorker) -> None:
    step = start(worker)
    step.commands()["revoke"](task_id=["a"])
    ((moment, name),) = step.commands()["revocations"]().values()
    assert (name, type(moment)) == ("a", float)
    assert abs(moment - clock.monotonic()) < 60
