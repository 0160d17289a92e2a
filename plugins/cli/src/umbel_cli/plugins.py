"""`umbel plugins`: what is installed, and what is wrong with it. Only `check` and `show --load` run a plugin's code,
`check` in processes of their own."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib.metadata import metadata, requires
from pathlib import Path
from typing import Any

import attrs
import click

from umbel.cli.as_json import json_option, to_json
from umbel.cli.errors import CommandError
from umbel.cli.table import table
from umbel.plugin import hookimpl
from umbel.plugin.catalogue import KINDS, Catalogue, Entry
from umbel.plugin.problems import unmet_requirements
from umbel_cli.loading import load_entry, probe
from umbel_cli.scaffold import KINDS as SCAFFOLDS
from umbel_cli.scaffold import create

#: Well, or as somebody wanted it.
INTENDED = ("ok", "disabled", "replaced")


@click.group()
def plugins() -> None:
    """List, examine, check and create plugins."""


@plugins.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only plugins of this kind.")
@json_option
def list_(kind: str | None, as_json: bool) -> None:
    """List every installed plugin with its distribution and what is wrong with it."""
    _print(survey(Catalogue(), kind), as_json)


@plugins.command()
@click.argument("name")
@click.option("--load", is_flag=True, help="Import it, to show its driver, features and settings.")
@json_option
def show(name: str, load: bool, as_json: bool) -> None:
    """Show everything about the plugins called NAME (a name, KIND:NAME or a distribution)."""
    catalogue = Catalogue()
    known = [
        {**_metadata(entry), **(_loaded(catalogue, entry) if load else {})} for entry in _matching(catalogue, [name])
    ]
    if as_json:
        click.echo(to_json(known))
        return
    for number, facts in enumerate(known):
        width = max(map(len, facts))
        click.echo("\n" * bool(number) + "\n".join(f"{key + ':':<{width + 1}} {text}" for key, text in facts.items()))


@plugins.command()
@click.argument("names", nargs=-1)
@json_option
def check(names: Sequence[str], as_json: bool) -> None:
    """Load plugins (all, or those called NAMES), each in a process of its own; exit code 1 if one is broken."""
    entries = []
    for entry in _matching(Catalogue(), names):
        reason = entry.problem or probe(entry)
        if reason and entry.status == "ok":
            entry = attrs.evolve(entry, problem=reason, status="broken")
        entries.append(entry)
    _print(entries, as_json)
    broken = [entry for entry in entries if entry.status not in INTENDED]
    if broken:
        raise CommandError(f"{len(broken)} of {len(entries)} cannot be used")


@plugins.command()
@click.argument("kind", type=click.Choice(SCAFFOLDS))
@click.argument("name")
@click.option(
    "--path",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to put the new one into (default: the current one).",
)
def new(kind: str, name: str, path: Path) -> None:
    """Write a new plugin: a distribution with a working driver of KIND called NAME, its settings and its tests."""
    folder = create(kind, name, path)
    click.echo(f"{folder} is ready. Next: pip install -e '{folder}[test]' && pytest {folder}")


def survey(catalogue: Catalogue, kind: str | None = None) -> list[Entry]:
    """The entries, with the problems that take longer to find than the catalogue may take."""
    unmet: dict[str, list[str]] = {}
    entries = []
    for entry in catalogue.entries(kind):
        if entry.distribution not in unmet:
            unmet[entry.distribution] = unmet_requirements(entry.distribution)
        problem = "; ".join(unmet[entry.distribution])
        if entry.status == "ok" and problem:
            entry = attrs.evolve(entry, status="broken", problem=problem)
        entries.append(entry)
    return entries


def _matching(catalogue: Catalogue, names: Sequence[str]) -> list[Entry]:
    entries = survey(catalogue)
    for name in names:
        if not any(entry.matches(name) for entry in entries):
            raise CommandError(f"no plugin {name!r} is installed. To get it, try: {catalogue.install_hint(name)}")
    return [entry for entry in entries if not names or any(entry.matches(name) for name in names)]


def _print(entries: Sequence[Entry], as_json: bool) -> None:
    if as_json:
        click.echo(to_json(entries))
        return
    header = ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATUS")
    click.echo(table(header, [(e.kind, e.name, e.distribution, e.version, e.status) for e in entries]))
    for entry in entries:
        if entry.problem:
            click.echo(f"\n{entry.kind} {entry.name}, {entry.status}: {entry.problem}")


def _status(entry: Entry) -> str:
    return f"{entry.status}: {entry.problem}" if entry.problem else entry.status


def _metadata(entry: Entry) -> dict[str, str]:
    about: Any = metadata(entry.distribution)
    facts = {
        "kind": entry.kind,
        "name": entry.name,
        "distribution": entry.origin,
        "summary": about.get("Summary", ""),
        "license": about.get("License-Expression") or about.get("License", ""),
        "module": entry.value,
        "requires": ", ".join(requires(entry.distribution) or []) or "nothing",
        "status": _status(entry),
    }
    return {key: text for key, text in facts.items() if text}


def _loaded(catalogue: Catalogue, entry: Entry) -> dict[str, str]:
    if entry.problem is not None:
        return {}
    found = load_entry(catalogue, entry)
    facts = {"object": f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', found)}".lstrip(".")}
    if isinstance(found, type):
        facts["about"] = (inspect.getdoc(found) or "").partition("\n")[0]
        if hasattr(found, "contract_version"):
            facts["contract"] = str(found.contract_version)
            facts["features"] = ", ".join(sorted(getattr(found, "features", ()))) or "none"
        settings = found if attrs.has(found) else getattr(found, "settings_class", None)
        if settings is not None and attrs.has(settings):
            facts["settings"] = ", ".join(f"{each.name} = {each.default!r}" for each in attrs.fields(settings))
    return facts


@hookimpl
def umbel_command() -> click.Command:
    return plugins
