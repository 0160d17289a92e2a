"""Processes that end with who starts them, even if that is killed: pytest, by somebody who lost patience with it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence


def mortal(command: Sequence[str]) -> list[str]:
    """The command, killed when the thread that starts it ends (prctl(2), PR_SET_PDEATHSIG); its process id is the same.

    Where the system has no setpriv(1), which is part of util-linux, it is the command as it was.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else [*command]
