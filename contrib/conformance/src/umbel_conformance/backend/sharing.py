"""Shared state: small facts on which many workers agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from umbel.contracts import Backend, SharedState
from umbel.exceptions import UnsupportedError
from umbel_conformance.backend.bench import BackendBench, OpenBackend
from umbel_conformance.capabilities import lacks, needs


class Sharing(BackendBench):
    @lacks("shared_state")
    def test_undeclared_shared_state_is_refused(self, backend: Backend) -> None:
        with pytest.raises(UnsupportedError):
            backend.shared()

    @needs("shared_state")
    def test_values_are_read_in_the_order_asked_for(self, shared: SharedState) -> None:
        shared.put("a", b"1")
        shared.put("ünïcode 🐎", bytes(range(256)))
        assert list(shared.get(["ünïcode 🐎", "nobody", "a"])) == [bytes(range(256)), None, b"1"]
        assert list(shared.get([])) == []

    @needs("shared_state")
    def test_a_later_value_replaces_an_earlier_one(self, shared: SharedState) -> None:
        shared.put("a", b"1")
        shared.put("a", b"2")
        assert list(shared.get(["a"])) == [b"2"]

    @needs("shared_state")
    def test_another_instance_sees_the_same_facts(self, open_backend: OpenBackend) -> None:
        one, two = open_backend().shared(), open_backend().shared()
        one.put("a", b"1")
        assert one.claim("lock", "me", 60.0)
        one.tally("chord", "first", b"1")
        assert list(two.get(["a"])) == [b"1"]
        assert not two.claim("lock", "you", 60.0)
        assert two.tally("chord", "second", b"2") == 2

    @needs("shared_state")
    def test_a_value_goes_when_its_time_is_over(self, shared: SharedState) -> None:
        shared.put("short", b"1", self.short_ttl_s)
        shared.put("long", b"2", 3600.0)
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: shared.get(["short"])[0] is None, "the value to go")
        assert list(shared.get(["long"])) == [b"2"]

    @needs("shared_state")
    def test_deleting_drops_values_claims_and_tallies(self, shared: SharedState) -> None:
        shared.put("value", b"1")
        shared.claim("lock", "me", 60.0)
        shared.tally("chord", "first", b"1")
        shared.delete(["value", "lock", "chord", "nobody"])
        assert list(shared.get(["value"])) == [None]
        assert shared.claim("lock", "you", 60.0)
        assert shared.tallied("chord") == {}
        assert shared.tally("chord", "second", b"2") == 1

    @needs("shared_state")
    def test_a_claim_is_one_owners_until_it_is_released(self, shared: SharedState) -> None:
        assert shared.claim("lock", "me", 60.0)
        assert not shared.claim("lock", "you", 60.0)
        assert shared.claim("lock", "me", 60.0)
        assert not shared.release("lock", "you")
        assert shared.release("lock", "me")
        assert not shared.release("lock", "me")
        assert shared.claim("lock", "you", 60.0)

    @needs("shared_state")
    def test_a_claim_ends_with_its_time(self, shared: SharedState) -> None:
        assert shared.claim("lock", "me", self.short_ttl_s)
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: shared.claim("lock", "you", 60.0), "the claim to end")
        assert not shared.release("lock", "me")
        assert not shared.claim("lock", "me", 60.0)

    @needs("shared_state")
    def test_a_renewed_claim_lasts_from_then_on(self, shared: SharedState) -> None:
        assert shared.claim("lock", "me", self.short_ttl_s)
        assert shared.claim("lock", "me", 3600.0)
        self.pass_time(self.short_ttl_s * 2)
        assert not shared.claim("lock", "you", 60.0)

    @needs("shared_state")
    def test_claims_of_different_keys_do_not_meet(self, shared: SharedState) -> None:
        assert shared.claim("one", "me", 60.0)
        assert shared.claim("two", "you", 60.0)

    @needs("shared_state")
    def test_many_are_counted_as_one_by_one(self, shared: SharedState) -> None:
        counts = [("one", "a", b"1"), ("other", "a", b"2"), ("one", "b", b"3"), ("one", "a", b"4")]
        assert list(shared.tally_all(counts, 60.0)) == [1, 1, 2, 2]
        assert shared.tallied("one") == {"a": b"1", "b": b"3"}
        assert shared.tallied("other") == {"a": b"2"}
        assert list(shared.tally_all([])) == []

    @needs("shared_state")
    def test_many_facts_are_kept_claimed_and_read_as_one_by_one(self, shared: SharedState) -> None:
        shared.put("a", b"0")
        shared.put_all({"a": b"1", "b": b"2"}, 60.0)
        shared.put_all({})
        assert list(shared.get(["a", "b"])) == [b"1", b"2"]
        shared.claim("second", "you", 60.0)
        assert list(shared.claim_all(["first", "second", "first"], "me", 60.0)) == [True, False, True]
        assert not shared.claim("first", "you", 60.0)
        assert list(shared.claim_all([], "me", 60.0)) == []
        shared.tally("one", "x", b"1")
        shared.tally("other", "y", b"2")
        assert list(shared.tallied_all(["one", "nobody", "other"])) == [{"x": b"1"}, {}, {"y": b"2"}]

    @needs("shared_state")
    def test_a_tally_counts_each_member_once_and_keeps_its_first_value(self, shared: SharedState) -> None:
        assert shared.tally("chord", "a", b"first") == 1
        assert shared.tally("chord", "b", b"2") == 2
        assert shared.tally("chord", "a", b"run twice") == 2
        assert shared.tallied("chord") == {"a": b"first", "b": b"2"}
        assert shared.tallied("nobody") == {}

    @needs("shared_state")
    def test_a_tally_goes_when_its_time_is_over(self, shared: SharedState) -> None:
        shared.tally("chord", "a", b"1", self.short_ttl_s)
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: shared.tallied("chord") == {}, "the tally to go")
        assert shared.tally("chord", "b", b"2", 60.0) == 1

    @needs("shared_state")
    def test_of_many_who_claim_at_once_one_wins(self, open_backend: OpenBackend) -> None:
        states = [open_backend().shared() for _ in range(8)]
        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(lambda one: one[1].claim("lock", f"owner {one[0]}", 60.0), enumerate(states)))
        assert won.count(True) == 1

    @needs("shared_state")
    def test_members_counted_at_once_are_counted_apart(self, open_backend: OpenBackend) -> None:
        """Exactly one member of a chord must see that it is the last."""
        states = [open_backend().shared() for _ in range(8)]

        def count(number: int) -> list[int]:
            return [states[number].tally("chord", f"{number}-{turn}", b"") for turn in range(10)]

        with ThreadPoolExecutor(8) as threads:
            counts = [seen for one in threads.map(count, range(8)) for seen in one]
        assert sorted(counts) == list(range(1, 81))
