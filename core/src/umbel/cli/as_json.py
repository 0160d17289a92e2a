"""`--json`: what a command knows, for programs."""

from __future__ import annotations

import json
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def to_json(value: Any, indent: int | None = 2) -> str:
    """attrs classes and plain data as JSON. What JSON has no form for becomes its text."""
    from cattrs.preconf.json import make_converter  # noqa: PLC0415  (80 ms, for those who ask for it)

    return json.dumps(make_converter().unstructure(value), indent=indent, ensure_ascii=False, default=str)
