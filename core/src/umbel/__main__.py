"""`umbel` and `python -m umbel`."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

# What is imported stays. To look for garbage after every 700 objects would find none, fifty times, in 9 ms of a
# worker's start.
gc.set_threshold(10_000, 10, 10)

from umbel.cli.root import root  # noqa: E402

if TYPE_CHECKING:
    from umbel.app.app import Umbel


def main(arguments: Sequence[str] | None = None, app: Umbel | None = None) -> None:
    """Run the command line, for `app` whatever `-A` says; ends the process. `arguments` are those after `umbel`."""
    root(arguments, prog_name="umbel", obj=app)


if __name__ == "__main__":
    main()
