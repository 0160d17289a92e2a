"""`umbel` and `python -m umbel`."""

from __future__ import annotations

from umbel.cli.root import root


def main() -> None:
    """Runs the command line; ends the process."""
    root(prog_name="umbel")


if __name__ == "__main__":
    main()
