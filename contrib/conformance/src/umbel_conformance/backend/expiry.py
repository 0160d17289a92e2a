"""Records that go by themselves."""

from __future__ import annotations

from umbel.contracts import Backend, Subscription
from umbel_conformance.backend.bench import BackendBench, record
from umbel_conformance.capabilities import needs


class Expiry(BackendBench):
    def test_a_record_is_there_while_its_time_lasts(self, backend: Backend) -> None:
        backend.store([record("a", ttl_s=3600.0), record("b", ttl_s=None)])
        assert backend.cleanup() == 0
        assert None not in backend.fetch(["a", "b"])

    @needs("expires")
    def test_a_record_goes_when_its_time_is_over_and_others_stay(self, backend: Backend) -> None:
        backend.store([record("short", ttl_s=self.short_ttl_s), record("long", ttl_s=3600.0), record("for ever")])
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: backend.fetch(["short"])[0] is None, "the record to go")
        assert None not in backend.fetch(["long", "for ever"])

    @needs("expires")
    def test_a_later_record_brings_its_own_time(self, backend: Backend) -> None:
        backend.store([record("a", "STARTED", ttl_s=self.short_ttl_s)])
        backend.store([record("a", "RETRY", ttl_s=3600.0)])
        self.pass_time(self.short_ttl_s * 2)
        assert backend.fetch(["a"])[0] is not None

    @needs("expires")
    def test_an_expired_success_stands_in_nobodys_way(self, backend: Backend) -> None:
        backend.store([record("a", "SUCCESS", ttl_s=self.short_ttl_s)])
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: backend.fetch(["a"])[0] is None, "the record to go")
        backend.store([record("a", "STARTED")])
        (kept,) = backend.fetch(["a"])
        assert kept is not None
        assert kept.state == "STARTED"

    @needs("expires")
    def test_an_expired_result_is_not_heard_of(self, backend: Backend, subscription: Subscription) -> None:
        backend.store([record("a", ttl_s=self.short_ttl_s)])
        self.pass_time(self.short_ttl_s)
        self.eventually(lambda: backend.fetch(["a"])[0] is None, "the record to go")
        subscription.add(["a"])
        self.assert_silent(subscription)

    @needs("expires")
    def test_cleanup_after_the_fact_harms_nothing(self, backend: Backend) -> None:
        backend.store([record("short", ttl_s=self.short_ttl_s), record("long", ttl_s=3600.0)])
        self.pass_time(self.short_ttl_s * 2)
        assert backend.cleanup() in (0, 1)
        assert backend.cleanup() == 0
        assert [one is None for one in backend.fetch(["short", "long"])] == [True, False]
