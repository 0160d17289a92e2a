"""Across processes, where the driver says that it works there."""

from __future__ import annotations

import random

from umbel import states
from umbel.contracts import Backend, Subscription
from umbel_conformance.backend import actions
from umbel_conformance.backend.bench import BackendBench, MakeBackend, OpenBackend, StartElsewhere, facts, record
from umbel_conformance.capabilities import needs
from umbel_conformance.elsewhere import Blueprint


class Processes(BackendBench):
    @needs("durable")
    def test_records_outlive_the_process_that_stored_them(
        self, make_backend: MakeBackend, open_backend: OpenBackend, elsewhere: StartElsewhere
    ) -> None:
        elsewhere(actions.store, Blueprint.of(make_backend()), [("a", states.SUCCESS, b"1")]).finish()
        assert facts(open_backend().fetch(["a"])) == [("a", states.SUCCESS, b"1")]

    @needs("durable")
    def test_what_was_stored_is_there_when_the_process_is_killed_at_any_moment(
        self, make_backend: MakeBackend, open_backend: OpenBackend, elsewhere: StartElsewhere
    ) -> None:
        victim = elsewhere(actions.store_until_killed, Blueprint.of(make_backend()), 5)
        said = [victim.receive() for _ in range(random.randint(1, 20))]
        victim.kill()
        promised = max([*said, *victim.left_behind()])
        assert None not in open_backend().fetch([str(number) for number in range(promised)])

    @needs("across_processes")
    def test_what_another_process_stored_is_found_here(self, backend: Backend, elsewhere: StartElsewhere) -> None:
        backend.fetch(["a"])  # Connected before, so that a cache of one's own would be found out.
        elsewhere(actions.store, Blueprint.of(backend), [("a", states.SUCCESS, b"1")]).receive()
        assert facts(backend.fetch(["a"])) == [("a", states.SUCCESS, b"1")]

    @needs("across_processes")
    def test_what_was_stored_here_is_found_by_another_process(
        self, backend: Backend, elsewhere: StartElsewhere
    ) -> None:
        backend.store([record("a", payload=b"1")])
        assert elsewhere(actions.fetch, Blueprint.of(backend), ["a", "b"]).receive() == [("a", "SUCCESS", b"1"), None]

    @needs("across_processes")
    def test_success_is_not_overwritten_by_another_process(self, backend: Backend, elsewhere: StartElsewhere) -> None:
        backend.store([record("a", payload=b"good")])
        elsewhere(actions.store, Blueprint.of(backend), [("a", states.FAILURE, b"bad")]).receive()
        assert facts(backend.fetch(["a"])) == [("a", states.SUCCESS, b"good")]

    @needs("across_processes")
    def test_a_result_that_another_process_stores_is_heard_of(
        self, backend: Backend, subscription: Subscription, elsewhere: StartElsewhere
    ) -> None:
        subscription.add(["a"])
        waiting = self.background(lambda: self.hear(subscription, 1))
        elsewhere(actions.store, Blueprint.of(backend), [("a", states.SUCCESS, b"1")]).receive()
        assert facts(self.result_of(waiting)) == [("a", states.SUCCESS, b"1")]

    @needs("across_processes")
    def test_a_listener_in_another_process_hears_of_what_is_stored_here(
        self, backend: Backend, elsewhere: StartElsewhere
    ) -> None:
        listener = elsewhere(actions.listen, Blueprint.of(backend), ["a"], self.patience_s)
        assert listener.receive() == "listening"
        backend.store([record("a", payload=b"1")])
        assert listener.receive() == [("a", states.SUCCESS, b"1")]

    @needs("across_processes", "shared_state")
    def test_the_claim_of_a_killed_process_ends_with_its_time(
        self, backend: Backend, elsewhere: StartElsewhere
    ) -> None:
        shared = backend.shared()
        holder = elsewhere(actions.claim_and_stay, Blueprint.of(backend), "lock", "other", 2.0)
        assert holder.receive() is True
        holder.kill()
        self.eventually(lambda: shared.claim("lock", "me", 60.0), "the claim of the dead process to end")

    @needs("across_processes", "shared_state")
    def test_a_claim_of_another_process_holds_here(self, backend: Backend, elsewhere: StartElsewhere) -> None:
        holder = elsewhere(actions.claim_and_stay, Blueprint.of(backend), "lock", "other", 3600.0)
        assert holder.receive() is True
        assert not backend.shared().claim("lock", "me", 60.0)

    @needs("across_processes", "shared_state")
    def test_members_counted_by_many_processes_are_counted_apart(
        self, backend: Backend, elsewhere: StartElsewhere
    ) -> None:
        blueprint = Blueprint.of(backend)
        counting = [
            elsewhere(actions.tally_many, blueprint, "chord", [f"{number}-{turn}" for turn in range(50)])
            for number in range(2)
        ]
        assert sorted(seen for one in counting for seen in one.receive()) == list(range(1, 101))
