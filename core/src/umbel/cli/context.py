"""What every command gets as `click.pass_obj`: the global options, and the app once it is asked for."""

from __future__ import annotations

import importlib
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define

from umbel.cli.errors import CommandError

if TYPE_CHECKING:
    from umbel.app.app import Umbel


@define(slots=False)
class CliContext:
    """The global options. `app_name` is what `-A` said; nothing of the user's is imported before `app` is read."""

    app_name: str | None = None
    broker: str | None = None
    result_backend: str | None = None
    loader: str | None = None
    config: str | None = None
    no_color: bool = False
    quiet: bool = False
    skip_checks: bool = False
    debug: bool = False
    #: The app that runs the command line itself; it comes before the one that `-A` names.
    given: Umbel | None = None
    #: Where the command line was called: `--workdir` goes elsewhere.
    started_in: str = os.curdir

    @cached_property
    def app(self) -> Umbel:
        """The app that the options name. Raises `CommandError` if they name none, and what `find_app` raises."""
        # In the environment they count more than what the app says itself, and reach processes that it starts.
        for variable, url in (("UMBEL_BROKER_URL", self.broker), ("UMBEL_RESULT_BACKEND", self.result_backend)):
            if url:
                os.environ[variable] = url
        app = self.given or (self._find(self.app_name) if self.app_name else self._make())
        if self.config:
            app.config_from_object(self.config)
        return app

    def _find(self, name: str) -> Umbel:
        app: Umbel = _app_api("find").find_app(name)
        return app

    def _make(self) -> Umbel:
        """An app without tasks, for commands that only look at queues and results."""
        if not (self.config or os.environ.get("UMBEL_BROKER_URL") or os.environ.get("CELERY_BROKER_URL")):
            raise CommandError(
                "which app? Say where it is before the command (umbel -A MODULE …, or UMBEL_APP), "
                "or name the broker (umbel -b URL …)"
            )
        app: Umbel = _app_api("app").Umbel("default", loader=self.loader)
        return app


def _app_api(module: str) -> Any:
    """By name: help and `umbel plugins` do without the app API, and `app.worker_main` starts the command line."""
    return importlib.import_module(f"umbel.app.{module}")
