"""The boot step and the command, without a worker's processes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import click
import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from umbel import clock, signals
from umbel.cli.root import root
from umbel.contracts import Bootstep
from umbel.exceptions import ImproperlyConfigured
from umbel.model import WorkerState
from umbel_conformance import BootstepConformance, CommandConformance
from umbel_conformance.worker import RecordingWorker
from umbel_health.command import health
from umbel_health.step import Health


class TestHealth(BootstepConformance):
    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Health


class TestHealthThatAnswers(BootstepConformance):
    @pytest.fixture
    def worker(self, tmp_path: Path) -> RecordingWorker:
        return RecordingWorker(settings={"health_address": "127.0.0.1:0", "health_file": str(tmp_path / "health")})

    @pytest.fixture
    def make_bootstep(self) -> Iterator[Callable[[], Bootstep]]:
        made: list[Health] = []

        def make() -> Health:
            made.append(Health())
            return made[-1]

        yield make
        for each in made:
            each.stop()


class TestHealthCommand(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return health


class Broken(RecordingWorker):
    """A worker whose broker is down."""

    def state(self) -> WorkerState:
        return evolve(super().state(), trouble=("connection refused", clock.monotonic()))


class Started:
    """A step that answers, in a worker that consumes."""

    def __init__(self, folder: Path, kind: type[RecordingWorker] = RecordingWorker) -> None:
        self.file = folder / "health"
        settings = {"health_address": "127.0.0.1:0", "health_file": str(self.file)}
        self.worker = kind(settings=settings, hostname="celery@here")
        self.step = Health()
        self.step.start(self.worker)
        self.address = f"127.0.0.1:{self.step.port}"

    def ready(self) -> None:
        signals.worker_ready.send(self.worker)
        for _, call in self.worker.timers:
            call()

    def get(self, path: str, method: str = "GET") -> tuple[int, Any]:
        try:
            with urlopen(Request(f"http://{self.address}{path}", method=method), timeout=10) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except HTTPError as error:
            return error.code, json.loads(error.read() or "null")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    started: list[Started] = []

    def make(kind: type[RecordingWorker] = RecordingWorker) -> Started:
        started.append(Started(tmp_path, kind))
        return started[-1]

    yield make
    for each in started:
        each.step.stop()


def umbel_health(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["health", *arguments], prog_name="umbel")


def test_it_is_alive_before_it_is_ready(start: Callable[..., Started]) -> None:
    started = start()
    assert started.get("/live")[0] == 200
    assert started.get("/ready")[0] == 503
    started.ready()
    assert started.get("/ready")[0] == 200


@pytest.mark.parametrize("path", ["/live", "/livez", "/healthz", "/ready", "/readyz", "/ready?verbose"])
def test_the_names_that_kubernetes_knows_are_answered_with_json(start: Callable[..., Started], path: str) -> None:
    started = start()
    started.ready()
    status, report = started.get(path)
    assert status == 200
    assert (report["hostname"], report["alive"], report["ready"], report["queues"]) == (
        "celery@here",
        True,
        True,
        ["q"],
    )
    assert started.get(path, "HEAD") == (200, None)


def test_another_path_is_not_found_and_the_error_says_which_are_there(start: Callable[..., Started]) -> None:
    assert start().get("/metrics") == (404, {"error": "there are /live and /ready"})


def test_a_broker_that_is_down_is_503_for_ready_alone_and_says_so(start: Callable[..., Started]) -> None:
    started = start(Broken)
    started.ready()
    assert started.get("/live")[0] == 200
    status, report = started.get("/ready")
    assert status == 503
    assert "connection refused" in report["waits_for"][0]


def test_a_worker_that_ends_is_not_ready(start: Callable[..., Started]) -> None:
    started = start()
    started.ready()
    signals.worker_shutting_down.send("celery@another", sig="SIGTERM", how="Warm", exitcode=0)
    assert started.get("/ready")[0] == 200
    signals.worker_shutting_down.send("celery@here", sig="SIGTERM", how="Warm", exitcode=0)
    assert started.get("/live")[0] == 200
    assert started.get("/ready")[0] == 503


def test_a_caller_that_says_nothing_keeps_nobody_from_ending(start: Callable[..., Started]) -> None:
    started = start()
    with socket.create_connection(("127.0.0.1", started.step.port or 0)):
        started.step.stop()


def test_the_file_is_gone_when_the_worker_is(start: Callable[..., Started]) -> None:
    started = start()
    assert started.file.exists()
    started.step.stop()
    assert not started.file.exists()


@pytest.mark.parametrize("how", ["--file", "--address"])
def test_the_command_says_that_a_worker_is_ready(start: Callable[..., Started], how: str) -> None:
    started = start()
    started.ready()
    asked = umbel_health(how, str(started.file) if how == "--file" else started.address, "--ready")
    assert (asked.exit_code, asked.output) == (0, "celery@here is ready\n")


@pytest.mark.parametrize("how", ["--file", "--address"])
def test_the_command_tells_a_broker_that_is_down_from_a_worker_that_is_stuck(
    start: Callable[..., Started], how: str
) -> None:
    started = start(Broken)
    started.ready()
    place = str(started.file) if how == "--file" else started.address
    alive, ready = umbel_health(how, place), umbel_health(how, place, "--ready")
    assert alive.exit_code == 0
    assert "alive, and waits: the broker" in alive.output
    assert ready.exit_code == 1
    assert "celery@here is not ready: the broker" in ready.output


def test_the_command_gives_json(start: Callable[..., Started]) -> None:
    report = json.loads(umbel_health("--file", str(start().file), "--json").output)
    assert (report["alive"], report["ready"], report["pool"]) == (True, False, "recording")


def test_a_file_that_is_not_renewed_is_not_believed(start: Callable[..., Started]) -> None:
    with clock.manual() as now:
        started = start()
        started.ready()
        now.advance(9)
        assert umbel_health("--file", str(started.file)).exit_code == 0
        now.advance(2)
        late = umbel_health("--file", str(started.file))
    assert late.exit_code == 69
    assert "was not renewed for 11 s" in late.output


def test_a_file_of_each_node(tmp_path: Path) -> None:
    step = Health()
    step.start(RecordingWorker(settings={"health_file": str(tmp_path / "%n-%h")}, hostname="two@here"))
    assert (tmp_path / "two-two@here").exists()
    asked = umbel_health("--file", str(tmp_path / "%n-%h"), "-n", "two@here")
    step.stop()
    assert "two@here is alive" in asked.output


@pytest.mark.parametrize(
    ("text", "says"), [(None, "no worker has written it"), ("", "holds no report"), ("[]", "holds no report")]
)
def test_a_file_that_says_nothing_is_no_answer(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "health").write_text(text)
    asked = umbel_health("--file", str(tmp_path / "health"))
    assert asked.exit_code == 69
    assert says in asked.output


def test_nobody_at_an_address_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    asked = umbel_health("--address", f"127.0.0.1:{port}")
    assert asked.exit_code == 69
    assert f"nobody answers at 127.0.0.1:{port}" in asked.output


@pytest.mark.parametrize(
    "address", ["8080", "localhost", "localhost:http", "127.0.0.1:70000", "no.such.host.invalid:1"]
)
def test_an_address_that_cannot_be_keeps_the_worker_from_starting(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="health_address"):
        Health().start(RecordingWorker(settings={"health_address": address}))


def test_an_address_that_another_worker_has_is_an_error_that_says_so(start: Callable[..., Started]) -> None:
    taken = start().address
    with pytest.raises(ImproperlyConfigured, match="cannot be had"):
        Health().start(RecordingWorker(settings={"health_address": taken}))


def test_a_file_that_cannot_be_written_keeps_the_worker_from_starting(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="cannot be written"):
        Health().start(RecordingWorker(settings={"health_file": str(tmp_path / "nowhere" / "health")}))
