"""What holds for every run of tests in this repository."""

from __future__ import annotations

import signal
from importlib.util import find_spec

# A run keeps what it has shown of each transport: tests/docs compares the table in the docs with it.
pytest_plugins = ["umbel_conformance.capability_report"] if find_spec("umbel_conformance") else []


def pytest_configure() -> None:
    """What a shell starts in the background begins with SIGINT ignored (POSIX, sh, "Signals and Error Handling"), and
    so would every process that the tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
