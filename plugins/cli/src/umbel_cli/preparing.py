"""Some pools must have a say before the app and its libraries are imported (`Pool.prepare`)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from umbel.cli.errors import CommandError
from umbel.contracts.pool import Pool
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load

if TYPE_CHECKING:
    from umbel.app.app import Umbel

#: Says the pool to the process that this one becomes, as `--pool` would.
_VARIABLE = "UMBEL_WORKER_POOL"


def prepare(name: str | None) -> None:
    """Prepare for the pool of that name, which the command line or the environment says; None: neither does.

    Raises `PluginError`.
    """
    if name:
        driver: type[Pool] = load(Catalogue(), "pool", name, "--pool")
        if driver.prepare is not None:
            driver.prepare()


def start_over(app: Umbel, prepared: str | None) -> None:
    """If the app's own settings choose a pool that must be there first, this process begins anew, and knows it then.

    Does not return in that case. Raises `CommandError` if that does not help.
    """
    choice = app.drivers.pool_choice()
    if choice.name == prepared or app.drivers.driver(choice).prepare is None:
        return
    if os.environ.get(_VARIABLE) == choice.name:
        raise CommandError(f"{choice.source} chooses the pool {choice.name!r}; say it with --pool {choice.name}")
    os.environ[_VARIABLE] = choice.name
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
