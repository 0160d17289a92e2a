"""The commands on an app that has no broker; with one they are tested in tests/acceptance."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from umbel import Umbel, signals
from umbel.cli.root import root
from umbel.execution.context import Context, pop, push
from umbel_cli import log


@pytest.fixture
def app() -> Iterator[Umbel]:
    made = Umbel("proj", set_as_current=False, broker="nowhere://", backend="disabled", worker_pool="solo")

    @made.task(name="proj.work")
    def work() -> None: ...

    yield made
    made.close()


def _run(app: Umbel, *arguments: str) -> Result:
    return CliRunner().invoke(root, arguments, obj=app)


def test_a_flag_for_a_feature_that_nobody_brings_is_refused_with_advice(app: Umbel) -> None:
    result = _run(app, "worker", "--beat")

    assert result.exit_code == 1
    assert "--beat asks for 'beat', which no installed plugin brings" in result.output
    assert "pip install umbel-beat" in result.output


def test_a_broker_that_no_plugin_serves_is_refused_with_advice(app: Umbel) -> None:
    result = _run(app, "call", "proj.work")

    assert result.exit_code == 1
    assert "transport 'nowhere'" in result.output
    assert "pip install umbel-nowhere" in result.output


def test_a_wrong_type_on_the_command_line_names_the_setting(app: Umbel) -> None:
    result = _run(app, "worker", "--", "worker.prefetch_multiplier=many")

    assert result.exit_code == 1
    assert "worker_prefetch_multiplier" in result.output
    assert "many" in result.output


@pytest.mark.parametrize("form", ["text", "dot", "mermaid"])
def test_the_graph_is_drawn_without_a_broker(app: Umbel, form: str) -> None:
    result = _run(app, "graph", "--format", form)

    assert result.exit_code == 0, result.output
    assert "reserve" in result.output


@pytest.fixture
def loggers() -> Iterator[None]:
    """Loggers as they were before."""
    kept = [(logger, list(logger.handlers), logger.level, logger.propagate) for logger in _set_up()]
    yield
    for logger, handlers, level, propagate in kept:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


def _set_up() -> tuple[logging.Logger, logging.Logger]:
    return logging.getLogger(), logging.getLogger("umbel.task")


def test_records_of_a_task_carry_its_name_and_id(app: Umbel, tmp_path: Path, loggers: None) -> None:
    app.conf.worker_log_format, app.conf.worker_task_log_format = (
        "%(message)s",
        "%(task_name)s[%(task_id)s] %(message)s",
    )
    log.setup(app.conf, "INFO", str(tmp_path / "log"))
    logging.getLogger("anything").info("outside")
    token = push(app.tasks["proj.work"], Context(id="the-id"))
    logging.getLogger("umbel.task.mine").info("inside")
    pop(token)

    assert (tmp_path / "log").read_text().splitlines() == ["outside", "proj.work[the-id] inside"]


def test_a_receiver_of_setup_logging_does_it_instead(app: Umbel, tmp_path: Path, loggers: None) -> None:
    heard = []

    def mine(**named: object) -> None:
        heard.append(named["loglevel"])

    signals.setup_logging.connect(mine)
    try:
        log.setup(app.conf, "ERROR", str(tmp_path / "log"))
    finally:
        signals.setup_logging.disconnect(mine)

    assert heard == [logging.ERROR]
    assert not (tmp_path / "log").exists()


def test_an_unknown_log_level_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a log level .* found 'LOUD'"):
        log.level("LOUD")


def test_what_a_task_prints_goes_to_the_log_and_a_handler_that_prints_does_not_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Stream:
        def flush(self) -> None: ...

    stream = log.LoggingStream(Stream(), logging.WARNING)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, "umbel.redirected"):
        print("hello", file=stream)

    assert [record.message for record in caplog.records] == ["hello"]
