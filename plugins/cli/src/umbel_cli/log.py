"""Logging of a worker, with Celery's formats and signals."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from umbel import signals
from umbel.app.log import TaskFormatter

_COLORS = {
    logging.WARNING: "\033[33m",
    logging.ERROR: "\033[31m",
    logging.CRITICAL: "\033[35m",
    logging.DEBUG: "\033[34m",
}
_END = "\033[0m"


class Coloured(logging.Formatter):
    """Another formatter's text, warnings and errors in colour."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        text = self._formatter.format(record)
        color = _COLORS.get(record.levelno)
        return f"{color}{text}{_END}" if color else text


def level(name: str | int | None) -> int:
    """A log level by name or number; raises `ValueError` for an unknown name."""
    if isinstance(name, int):
        return name
    found = getattr(logging, (name or "WARNING").upper(), None)
    if not isinstance(found, int):
        raise ValueError(f"expected a log level (DEBUG, INFO, WARNING, ERROR, CRITICAL), found {name!r}")
    return found


def setup(
    conf: Any, loglevel: str | int | None = None, logfile: str | None = None, colorize: bool | None = None
) -> None:
    """Set up the root logger and the one for tasks, as a worker does at its start.

    A receiver of `setup_logging` does it instead. With `worker_hijack_root_logger` handlers that are there are removed.
    """
    named = {"loglevel": level(loglevel), "logfile": logfile, "format": conf.worker_log_format, "colorize": colorize}
    if signals.setup_logging.send(None, **named):
        return
    root, task = logging.getLogger(), logging.getLogger("umbel.task")
    if conf.worker_hijack_root_logger:
        root.handlers.clear()
    colorize = _colorize(conf, colorize, logfile)
    if not root.handlers:
        formatter = logging.Formatter(conf.worker_log_format, conf.worker_log_datefmt)
        root.addHandler(_handler(logfile, formatter, colorize))
    root.setLevel(named["loglevel"])
    task.handlers.clear()
    formatter = TaskFormatter(conf.worker_task_log_format, conf.worker_task_log_datefmt)
    task.addHandler(_handler(logfile, formatter, colorize))
    task.setLevel(named["loglevel"])
    task.propagate = False
    signals.after_setup_logger.send(None, logger=root, **named)
    signals.after_setup_task_logger.send(None, logger=task, **named)


def _handler(logfile: str | None, formatter: logging.Formatter, colorize: bool) -> logging.Handler:
    handler = logging.FileHandler(logfile) if logfile else logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(Coloured(formatter) if colorize else formatter)
    return handler


def _colorize(conf: Any, asked: bool | None, logfile: str | None) -> bool:
    asked = conf.worker_log_color if asked is None else asked
    if asked is not None:
        return bool(asked)
    stream = sys.__stderr__
    return not logfile and "NO_COLOR" not in os.environ and stream is not None and stream.isatty()


class LoggingStream:
    """What a task prints goes to the log."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, stream: TextIO, levelno: int) -> None:
        self._stream = stream
        self._level = levelno
        self._log = logging.getLogger("umbel.redirected")
        self._busy = False

    def write(self, text: str) -> int:
        line = text.rstrip()
        # A handler that itself writes to stdout would come back here for ever.
        if line and not self._busy:
            self._busy = True
            try:
                self._log.log(self._level, "%s", line)
            finally:
                self._busy = False
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()


@contextmanager
def redirected_stdouts(conf: Any) -> Iterator[None]:
    """With `worker_redirect_stdouts` what is printed goes to the logger `umbel.redirected`, for so long."""
    before = sys.stdout, sys.stderr
    stdout, stderr = sys.__stdout__, sys.__stderr__
    if conf.worker_redirect_stdouts and stdout is not None and stderr is not None:
        levelno = level(conf.worker_redirect_stdouts_level)
        sys.stdout, sys.stderr = LoggingStream(stdout, levelno), LoggingStream(stderr, levelno)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
