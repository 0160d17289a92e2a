"""Subscriptions: who waits hears of every ready result, once, and of nothing else."""

from __future__ import annotations

import pytest

from umbel import states
from umbel.contracts import Backend, Subscription
from umbel_conformance.backend.bench import BackendBench, OpenBackend, facts, record
from umbel_conformance.capabilities import lacks

LONG_S = 60.0


class Subscribing(BackendBench):
    def test_a_result_that_is_ready_already_is_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        backend.store([record("a", payload=b"1")])
        subscription.add(["a"])
        assert facts(self.hear(subscription, 1)) == [("a", states.SUCCESS, b"1")]

    def test_a_result_that_comes_later_is_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a"])
        self.assert_silent(subscription)
        backend.store([record("a", payload=b"1")])
        assert facts(self.hear(subscription, 1)) == [("a", states.SUCCESS, b"1")]

    @pytest.mark.parametrize("state", sorted(states.READY_STATES))
    def test_every_ready_state_is_heard_of(self, backend: Backend, subscription: Subscription, state: str) -> None:
        subscription.add(["a"])
        backend.store([record("a", state)])
        assert facts(self.hear(subscription, 1)) == [("a", state, b"{}")]

    def test_states_on_the_way_are_not_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a"])
        for state in (states.RECEIVED, states.STARTED, states.RETRY, "PROGRESS"):
            backend.store([record("a", state)])
            self.assert_silent(subscription)
        backend.store([record("a", states.SUCCESS)])
        assert facts(self.hear(subscription, 1)) == [("a", states.SUCCESS, b"{}")]

    @lacks("private")
    def test_a_waiting_receive_hears_of_what_another_instance_stores(self, open_backend: OpenBackend) -> None:
        listening, storing = open_backend(), open_backend()
        subscription = listening.subscribe()
        subscription.add(["a"])
        waiting = self.background(lambda: subscription.receive(LONG_S))
        storing.store([record("a")])
        assert facts(self.result_of(waiting)) == [("a", states.SUCCESS, b"{}")]
        subscription.close()

    def test_a_waiting_receive_hears_of_what_is_added_by_another_thread(
        self, backend: Backend, subscription: Subscription
    ) -> None:
        backend.store([record("a")])
        waiting = self.background(lambda: subscription.receive(LONG_S))
        subscription.add(["a"])
        heard = list(self.result_of(waiting)) or self.hear(subscription, 1)
        assert facts(heard) == [("a", states.SUCCESS, b"{}")]

    def test_the_same_instance_stores_while_it_listens(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a"])
        waiting = self.background(lambda: subscription.receive(LONG_S))
        backend.store([record("a")])
        assert facts(self.result_of(waiting)) == [("a", states.SUCCESS, b"{}")]

    def test_each_result_is_heard_of_once(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a", "a"])
        subscription.add(["a"])
        backend.store([record("a", states.FAILURE)])
        assert len(self.hear(subscription, 1)) == 1
        backend.store([record("a", states.SUCCESS)])
        self.assert_silent(subscription)

    def test_other_results_are_not_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["mine"])
        backend.store([record("theirs"), record("mine"), record("nobody's")])
        assert [one.task_id for one in self.hear(subscription, 1)] == ["mine"]
        self.assert_silent(subscription)

    def test_what_was_discarded_is_not_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a", "b"])
        subscription.discard(["a", "never added"])
        backend.store([record("a"), record("b")])
        assert [one.task_id for one in self.hear(subscription, 1)] == ["b"]
        self.assert_silent(subscription)

    def test_many_results_are_all_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        ids = [f"task-{number}" for number in range(500)]
        subscription.add(ids)
        for start in range(0, 500, 100):
            backend.store([record(task_id) for task_id in ids[start : start + 100]])
        assert sorted(one.task_id for one in self.hear(subscription, 500)) == sorted(ids)

    def test_two_subscriptions_hear_of_the_same_result(self, backend: Backend) -> None:
        one, two = backend.subscribe(), backend.subscribe()
        one.add(["a"])
        two.add(["a"])
        backend.store([record("a")])
        assert len(self.hear(one, 1)) == len(self.hear(two, 1)) == 1
        one.close()
        two.close()

    def test_a_closed_subscription_disturbs_nobody(self, backend: Backend) -> None:
        gone = backend.subscribe()
        gone.add(["a"])
        gone.close()
        gone.close()
        backend.store([record("a")])
        assert None not in backend.fetch(["a"])

    def test_receive_gives_nothing_when_time_runs_out(self, subscription: Subscription) -> None:
        subscription.add(["a"])
        waiting = self.background(lambda: subscription.receive(0.05))
        assert list(self.result_as_time_passes(waiting)) == []

    def test_wake_ends_a_waiting_receive(self, subscription: Subscription) -> None:
        subscription.add(["a"])
        waiting = self.background(lambda: subscription.receive(LONG_S))
        assert list(self.wake_until_it_returns(subscription, waiting)) == []

    def test_a_wake_that_comes_too_early_ends_the_next_receive(self, subscription: Subscription) -> None:
        """Whoever wakes cannot know whether the other thread waits already."""
        subscription.add(["a"])
        subscription.wake()
        assert list(self.result_of(self.background(lambda: subscription.receive(LONG_S)))) == []

    def test_wake_loses_nothing(self, backend: Backend, subscription: Subscription) -> None:
        subscription.add(["a"])
        subscription.wake()
        backend.store([record("a")])
        heard = list(subscription.receive(0.0)) or self.hear(subscription, 1)
        assert facts(heard) == [("a", states.SUCCESS, b"{}")]
