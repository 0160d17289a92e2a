"""A worker of the demo's own, for the length of a `with` block."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

import click

from umbel_demo.keeper import PATIENCE_S, inside, kill_group


class Session:
    """Starts a worker under a keeper (see `umbel_demo.keeper`); in the block this process has the same environment."""

    def __init__(self, worker: list[str], environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "umbel_demo.keeper", sys.executable, "-m", "umbel", *worker]
        self._environment = environment
        self._before = dict(os.environ)

    def __enter__(self) -> Session:
        os.environ.update(self._environment)
        # In a session of its own the keeper does not hear the terminal's ^C, and can do its work in peace.
        self._keeper = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        said = json.loads(self._hear() or "null")
        if said is None:
            raise click.ClickException("the keeper of the worker did not start")
        self._folder, self._worker = said["folder"], said["pid"]
        self._live_in(inside(self._folder))
        return self

    def check(self) -> None:
        """Raise if the worker has ended: nobody else would do the tasks."""
        if self._keeper.poll() is not None:
            said = json.loads(self._hear() or "{}")
            raise click.ClickException(f"the worker ended (exit code {said.get('exit')}):\n{said.get('log', '')}")

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        os.environ.clear()
        self._live_in(self._before)
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(2 * PATIENCE_S)
        self._keeper.kill()
        if self._keeper.wait() < 0:  # it was killed before it could end the worker
            kill_group(self._worker)
        # This process has used the folder too, perhaps after the keeper removed it.
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _live_in(environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        tempfile.tempdir = None  # it remembers the folder that the environment named before

    def _hear(self) -> str:
        assert self._keeper.stdout is not None
        return self._keeper.stdout.readline()
