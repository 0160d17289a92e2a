"""`umbel` and `python -m umbel`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umbel.cli.root import root


def main(arguments: Sequence[str] | None = None, app: Any = None) -> None:
    """Runs the command line (None: this process's own) on `app` or the one that `-A` names; ends the process."""
    root.main(arguments, prog_name="umbel", obj=app)


if __name__ == "__main__":
    main()
