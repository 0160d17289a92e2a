"""A run keeps what it has shown of each transport: tests/docs compares the table in the docs with it."""

from __future__ import annotations

from importlib.util import find_spec

pytest_plugins = ["umbel_conformance.capability_report"] if find_spec("umbel_conformance") else []
