"""Across processes, where the driver says that it works there; and processes that are killed."""

from __future__ import annotations

from umbel import clock
from umbel.contracts import Transport
from umbel_conformance.capabilities import needs
from umbel_conformance.elsewhere import Blueprint
from umbel_conformance.transport import actions
from umbel_conformance.transport.bench import (
    Connect,
    MakeTransport,
    StartElsewhere,
    TransportBench,
    acks,
    bodies,
    message,
    numbered,
)


class Processes(TransportBench):
    @needs("across_processes")
    def test_what_another_process_published_is_delivered_here(
        self, transport: Transport, elsewhere: StartElsewhere
    ) -> None:
        self.assert_nothing_to_reserve(transport)  # Connected before, so that a cache of one's own would be found out.
        elsewhere(actions.publish, Blueprint.of(transport), "q", 5, {}).receive()
        assert bodies(self.take(transport, 5)) == ["0", "1", "2", "3", "4"]

    @needs("across_processes")
    def test_a_waiting_reserve_is_woken_by_another_process(
        self, transport: Transport, elsewhere: StartElsewhere
    ) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 1, 60.0))
        elsewhere(actions.publish, Blueprint.of(transport), "q", 1, {}).receive()
        assert bodies(self.result_of(waiting)) == ["0"]

    @needs("across_processes", "delayed")
    def test_a_waiting_reserve_gets_what_another_process_published_for_later(
        self, transport: Transport, elsewhere: StartElsewhere
    ) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 1, 60.0))
        due = clock.time() + self.short_delay_s
        elsewhere(actions.publish, Blueprint.of(transport), "q", 1, {"due": due}).receive()
        assert bodies(self.result_as_time_passes(waiting)) == ["0"]

    @needs("across_processes")
    def test_processes_share_a_queue_and_each_message_is_done_once(
        self, connect: Connect, elsewhere: StartElsewhere
    ) -> None:
        transport = connect(lease_s=60.0)
        workers = [elsewhere(actions.work, Blueprint.of(transport), "q") for _ in range(2)]
        for worker in workers:
            worker.receive()  # Both are there before there is anything to do.
        transport.publish(numbered(self.long_run))
        done = [body for worker in workers for body in worker.receive()] + self.drain(transport)
        assert sorted(done, key=int) == [str(number) for number in range(self.long_run)]

    @needs("durable")
    def test_what_was_published_outlives_the_publisher(
        self, make_transport: MakeTransport, connect: Connect, elsewhere: StartElsewhere
    ) -> None:
        elsewhere(actions.publish, Blueprint.of(make_transport()), "q", 20, {}).finish()
        assert bodies(self.take(connect(), 20)) == [str(number) for number in range(20)]

    @needs("durable")
    def test_what_was_published_outlives_a_killed_publisher(
        self, make_transport: MakeTransport, connect: Connect, elsewhere: StartElsewhere
    ) -> None:
        publisher = elsewhere(actions.publish_and_hang, Blueprint.of(make_transport()), "q", 20)
        publisher.receive()
        publisher.kill()
        assert bodies(self.take(connect(), 20)) == [str(number) for number in range(20)]

    @needs("across_processes", "lease")
    def test_what_a_killed_process_held_comes_back(self, connect: Connect, elsewhere: StartElsewhere) -> None:
        survivor = connect(lease_s=60.0)
        survivor.publish(numbered(3))
        victim = elsewhere(actions.reserve_and_hang, Blueprint.of(connect(lease_s=self.short_lease_s)), "q", 2)
        assert victim.receive() == ["0", "1"]
        victim.kill()
        rest = self.take(survivor, 3)
        survivor.settle(acks(rest))
        assert {one.message.body.decode(): one.lost for one in rest} == {"0": 1, "1": 1, "2": 0}

    @needs("across_processes", "pause")
    def test_a_pause_holds_in_other_processes(self, transport: Transport, elsewhere: StartElsewhere) -> None:
        transport.publish([message("hello")])
        transport.admin().pause("q")
        worker = elsewhere(actions.work, Blueprint.of(transport), "q")
        assert worker.receive() == worker.receive() == []

    @needs("across_processes", "fanout")
    def test_a_broadcast_reaches_other_processes(self, transport: Transport, elsewhere: StartElsewhere) -> None:
        listener = elsewhere(actions.listen, Blueprint.of(transport), "x", self.patience_s)
        assert listener.receive() == "listening"
        transport.fanout().publish("x", [message("hello")])
        assert listener.receive() == ["hello"]
