"""What every command gets as `click.pass_obj`: the global options, and the app once it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
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

    @cached_property
    def app(self) -> Umbel:
        """The app that the options name. Raises `CommandError` if they name none, and what `find_app` raises."""
        # As with `python -m`: the modules of the current folder can be imported.
        here = os.getcwd()
        if here not in sys.path:
            sys.path.insert(0, here)
        app = self._find() if self.app_name else self._make()
        if self.config:
            app.config_from_object(self.config)
        urls = {"broker_url": self.broker, "result_backend": self.result_backend}
        app.conf.update({name: url for name, url in urls.items() if url})
        return app

    def _find(self) -> Umbel:
        # By name: the app API is 30 ms of imports that help and `plugins` do without.
        app: Umbel = importlib.import_module("umbel.app.find").find_app(self.app_name)
        return app

    def _make(self) -> Umbel:
        """An app without tasks, for commands that only look at queues and results."""
        if not (self.broker or self.config or os.environ.get("CELERY_BROKER_URL")):
            raise CommandError(
                "which app? Say where it is before the command (umbel -A MODULE …, or UMBEL_APP), "
                "or name the broker (umbel -b URL …)"
            )
        options: dict[str, Any] = {"loader": self.loader} if self.loader else {}
        app: Umbel = importlib.import_module("umbel").Umbel("default", **options)
        return app
