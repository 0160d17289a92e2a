"""The suite for bootsteps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import pytest

from umbel import states
from umbel.contracts import Bootstep, Verdict
from umbel.exceptions import InvalidTaskError, UnsupportedError
from umbel.model import Delivery
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.worker import RecordingWorker, SealedMessage, delivery

MakeBootstep = Callable[[], Bootstep]

#: Headers as other clients send them: little, too much, and wrong (celery-node leaves out eta and retries).
STRANGE_HEADERS: dict[str, Mapping[str, Any]] = {
    "plain": {},
    "few": {"lang": "js", "task": "proj.add", "id": "3f1d"},
    "unicode": {"task": "ünïcode 🐎", "id": "ü"},
    "extra": {"stamps": {"a": [1]}, "unheard_of": {"deep": None}},
}

#: Headers that nobody can make sense of.
WRONG_HEADERS: Mapping[str, Any] = {
    **{"task": "proj.add", "id": "3f1d", "eta": 3, "expires": [], "retries": "many", "timelimit": "soon"},
    **{"root_id": 1, "group": {}, "priority": "high", "stamped_headers": 0},
}


class BootstepConformance(DriverHygiene):
    """Everything that a bootstep must do. Give it the fixture `make_bootstep`."""

    kind = "bootstep"

    #: Headers of deliveries that the step's gate must let pass.
    passing: ClassVar[Sequence[Mapping[str, Any]]] = ({},)

    @pytest.fixture
    def make_bootstep(self) -> MakeBootstep:
        """A callable that gives a new bootstep."""
        raise NotImplementedError("a subclass of BootstepConformance must have the fixture `make_bootstep`")

    @pytest.fixture
    def worker(self) -> RecordingWorker:
        """The worker it is started in. Override it if it needs settings, a transport or a backend."""
        return RecordingWorker()

    @pytest.fixture
    def driver(self, make_bootstep: MakeBootstep) -> type[Any]:
        return type(make_bootstep())

    @pytest.fixture
    def bootstep(self, make_bootstep: MakeBootstep, worker: RecordingWorker) -> Bootstep:
        """A bootstep that has started."""
        bootstep = make_bootstep()
        bootstep.start(worker)
        return bootstep

    def test_its_names_in_the_graph_are_names(self, driver: type[Bootstep]) -> None:
        assert isinstance(driver.name, str)
        assert driver.name
        for names in (driver.requires, driver.provides):
            assert not isinstance(names, str), f"{names!r} is a text, not a sequence of names"
            assert all(isinstance(name, str) and name for name in names)
        assert driver.name not in driver.requires, "a step cannot require itself"

    def test_it_starts_and_stops(self, bootstep: Bootstep) -> None:
        bootstep.stop()

    def test_it_stops_even_if_it_was_never_started(self, make_bootstep: MakeBootstep) -> None:
        """Another step before it may have kept the worker from starting."""
        make_bootstep().stop()

    def test_its_gate_is_a_gate_or_none(self, bootstep: Bootstep) -> None:
        gate = bootstep.gate()
        assert gate is None or callable(gate)

    def test_its_gate_lets_pass_what_it_should(self, bootstep: Bootstep) -> None:
        for headers in self.passing:
            assert self.ask(bootstep, delivery(headers)) is None

    @pytest.mark.parametrize("headers", STRANGE_HEADERS.values(), ids=STRANGE_HEADERS.keys())
    def test_its_gate_decides_whatever_the_headers_are_without_the_body(
        self, bootstep: Bootstep, headers: Mapping[str, Any]
    ) -> None:
        sealed = Delivery(SealedMessage("q", b"", dict(headers)), tag=None)
        verdict = self.ask(bootstep, sealed)
        assert verdict is None or isinstance(verdict, Verdict)
        if verdict is not None:
            self.assert_sound(verdict)

    def test_its_gate_passes_judges_or_refuses_headers_of_wrong_types(self, bootstep: Bootstep) -> None:
        """The worker keeps a message whose headers a gate cannot read among the dead letters."""
        with suppress(ValueError, InvalidTaskError):
            self.ask(bootstep, Delivery(SealedMessage("q", b"", dict(WRONG_HEADERS)), tag=None))

    def assert_sound(self, verdict: Verdict) -> None:
        """A verdict says one thing, and why."""
        assert verdict.reason
        assert sum((verdict.due is not None, verdict.dead, verdict.hold)) <= 1, "put back, dead or held: one of them"
        assert verdict.state is None or verdict.state in states.READY_STATES

    def test_its_timers_can_be_called_and_come_at_positive_intervals(
        self, bootstep: Bootstep, worker: RecordingWorker
    ) -> None:
        for interval_s, call in worker.timers:
            assert interval_s > 0
            call()
        bootstep.stop()

    def test_its_commands_are_functions_with_names(self, bootstep: Bootstep) -> None:
        for name, command in bootstep.commands().items():
            assert isinstance(name, str) and name.isidentifier()  # noqa: PT018
            assert callable(command)

    def test_what_it_keeps_changes_or_is_refused(self, bootstep: Bootstep) -> None:
        for option in bootstep.keeps:
            with suppress(ValueError, UnsupportedError):
                bootstep.change("proj.add", option, object())
            with suppress(UnsupportedError):
                bootstep.change("proj.add", option, None)

    def ask(self, bootstep: Bootstep, asked: Delivery) -> Verdict | None:
        gate = bootstep.gate()
        return gate(asked) if gate is not None else None
