"""Records are kept, found, replaced and forgotten."""

from __future__ import annotations

import pytest

from umbel import states
from umbel.contracts import Backend
from umbel_conformance.backend.bench import BackendBench, MakeBackend, OpenBackend, facts, record
from umbel_conformance.capabilities import lacks, needs


class Storing(BackendBench):
    def test_a_stored_record_can_be_fetched(self, backend: Backend) -> None:
        backend.store([record("a", payload=b'{"result": 3}')])
        assert facts(backend.fetch(["a"])) == [("a", states.SUCCESS, b'{"result": 3}')]

    @lacks("private")
    def test_another_instance_finds_it_too(self, open_backend: OpenBackend) -> None:
        open_backend().store([record("a")])
        assert facts(open_backend().fetch(["a"])) == [("a", states.SUCCESS, b"{}")]

    def test_many_are_fetched_in_the_order_asked_for_with_none_for_the_unknown(self, backend: Backend) -> None:
        backend.store([record("a", payload=b"1"), record("b", payload=b"2"), record("c", payload=b"3")])
        asked = backend.fetch(["c", "nobody", "a", "b", "a"])
        assert [one and one.payload for one in asked] == [b"3", None, b"1", b"2", b"1"]

    def test_empty_batches_are_no_error(self, backend: Backend) -> None:
        backend.store([])
        backend.forget([])
        assert list(backend.fetch([])) == []

    @pytest.mark.parametrize("state", [*sorted(states.ALL_STATES - {states.PENDING}), "PROGRESS 50 %"])
    def test_any_state_can_be_kept(self, backend: Backend, state: str) -> None:
        backend.store([record("a", state)])
        assert facts(backend.fetch(["a"])) == [("a", state, b"{}")]

    def test_a_later_record_replaces_an_earlier_one(self, backend: Backend) -> None:
        backend.store([record("a", states.STARTED, b"1")])
        backend.store([record("a", states.RETRY, b"2")])
        backend.store([record("a", states.FAILURE, b"3")])
        assert facts(backend.fetch(["a"])) == [("a", states.FAILURE, b"3")]

    def test_within_one_batch_the_last_record_stays(self, backend: Backend) -> None:
        backend.store([record("a", states.STARTED, b"1"), record("b"), record("a", states.FAILURE, b"2")])
        assert facts(backend.fetch(["a"])) == [("a", states.FAILURE, b"2")]

    @lacks("private")
    @pytest.mark.parametrize("state", [states.FAILURE, states.STARTED, states.RETRY, states.REVOKED, "PROGRESS"])
    def test_success_is_never_overwritten(self, open_backend: OpenBackend, state: str) -> None:
        open_backend().store([record("a", states.SUCCESS, b"good")])
        open_backend().store([record("a", state, b"bad"), record("b", state)])
        kept = open_backend().fetch(["a", "b"])
        assert facts(kept) == [("a", states.SUCCESS, b"good"), ("b", state, b"{}")]

    def test_success_is_not_overwritten_within_one_batch(self, backend: Backend) -> None:
        backend.store([record("a", states.SUCCESS, b"good"), record("a", states.FAILURE, b"bad")])
        assert facts(backend.fetch(["a"])) == [("a", states.SUCCESS, b"good")]

    def test_a_failure_may_be_followed_by_success(self, backend: Backend) -> None:
        backend.store([record("a", states.FAILURE)])
        backend.store([record("a", states.SUCCESS, b"in the end")])
        assert facts(backend.fetch(["a"])) == [("a", states.SUCCESS, b"in the end")]

    def test_forgotten_records_are_gone_and_others_stay(self, backend: Backend) -> None:
        backend.store([record("a"), record("b"), record("c")])
        backend.forget(["a", "nobody", "c"])
        assert facts(backend.fetch(["a", "b", "c"])) == [None, ("b", states.SUCCESS, b"{}"), None]

    def test_what_was_forgotten_can_be_stored_anew_in_any_state(self, backend: Backend) -> None:
        backend.store([record("a", states.SUCCESS)])
        backend.forget(["a"])
        backend.store([record("a", states.STARTED)])
        assert facts(backend.fetch(["a"])) == [("a", states.STARTED, b"{}")]

    def test_a_payload_is_bytes_and_comes_back_unchanged(self, backend: Backend) -> None:
        backend.store([record("a", payload=bytes(range(256))), record("b", payload=b"")])
        assert [one and one.payload for one in backend.fetch(["a", "b"])] == [bytes(range(256)), b""]

    def test_a_huge_payload_comes_back_unchanged(self, backend: Backend) -> None:
        payload = bytes(range(256)) * (self.huge_bytes // 256)
        backend.store([record("a", payload=payload)])
        (kept,) = backend.fetch(["a"])
        assert kept is not None
        assert kept.payload == payload, "the huge payload was changed"

    def test_a_task_id_may_be_any_text(self, backend: Backend) -> None:
        ids = ["ünïcode 🐎", "with space", "with'quote\"s", "a:b/c?d=e&f", "%s", "x" * 200]
        backend.store([record(task_id, payload=task_id.encode()) for task_id in ids])
        assert [one and one.payload.decode() for one in backend.fetch(ids)] == ids

    def test_a_large_batch_is_kept_and_fetched_whole(self, backend: Backend) -> None:
        ids = [f"task-{number}" for number in range(2000)]
        backend.store([record(task_id) for task_id in ids])
        assert [one and one.task_id for one in backend.fetch(ids)] == ids
        backend.forget(ids)
        assert set(facts(backend.fetch(ids))) == {None}

    def test_a_backend_that_was_never_used_can_be_closed_twice(self, make_backend: MakeBackend) -> None:
        backend = make_backend()
        backend.close()
        backend.close()

    @lacks("private")
    def test_closing_one_instance_leaves_the_others_alone(self, open_backend: OpenBackend) -> None:
        one, two = open_backend(), open_backend()
        one.store([record("a")])
        two.fetch(["a"])
        one.close()
        two.store([record("b")])
        assert None not in two.fetch(["a", "b"])

    @needs("private")
    def test_a_result_that_somebody_else_asked_for_is_not_found_here(self, backend: Backend) -> None:
        theirs = record("a")
        theirs.reply_to = "somebody else"
        backend.store([theirs, record("b")])
        assert facts(backend.fetch(["a", "b"])) == [None, ("b", states.SUCCESS, b"{}")]

    @needs("durable")
    def test_records_outlive_every_instance(self, open_backend: OpenBackend) -> None:
        first = open_backend()
        first.store([record("a", payload=b"1")])
        first.close()
        assert facts(open_backend().fetch(["a"])) == [("a", states.SUCCESS, b"1")]
