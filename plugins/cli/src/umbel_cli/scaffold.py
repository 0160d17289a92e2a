"""Writes a new plugin: a distribution that installs, works and passes its conformance suite as it is.

The templates are the files of `umbel_cli/templates`: those of `common`, then those of the kind. Their paths are those
of the new distribution, where `package` stands for the package and `.tmpl` is left away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from umbel import __version__
from umbel.cli.errors import EX_CANTCREAT, CommandError
from umbel.plugin.catalogue import DRIVERS, Catalogue

KINDS = (*DRIVERS, "command")
TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def create(kind: str, name: str, parent: Path) -> Path:
    """Write the distribution `umbel-<name>` into the folder `parent`; returns the new folder.

    Raises `CommandError` for a name that is no name or taken, and for a folder that exists.
    """
    _check_name(kind, name)
    folder = parent / f"umbel-{name}"
    if folder.exists():
        raise CommandError(f"{folder} exists already; remove it, or choose another --path", EX_CANTCREAT)
    contents = dict(_rendered(kind, name))
    try:
        for path, text in contents.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error}", EX_CANTCREAT) from error
    return folder


def _check_name(kind: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise CommandError(
            f"{name!r} cannot be a plugin's name: use small letters, digits and single hyphens, as in my-{kind}"
        )
    for entry in Catalogue().entries():
        if entry.matches(f"{kind}:{name}") or entry.matches(f"umbel-{name}"):
            raise CommandError(f"the name is taken: {entry} is installed; choose another one")


def _rendered(kind: str, name: str) -> Iterator[tuple[str, str]]:
    """Paths within the distribution, and what is in the files."""
    templates: dict[str, Path] = {}
    for source in (TEMPLATES / "common", TEMPLATES / kind):
        templates.update((str(path.relative_to(source)), path) for path in source.rglob("*.tmpl"))
    words = _words(kind, name, with_settings="src/package/settings.py.tmpl" in templates)
    for target, template in templates.items():
        text = Template(template.read_text(encoding="utf-8")).substitute(words)
        yield target.removesuffix(".tmpl").replace("/package/", f"/{words['package']}/"), text


def _words(kind: str, name: str, with_settings: bool) -> dict[str, str]:
    title = "".join(part.capitalize() for part in name.split("-"))
    package = f"umbel_{name.replace('-', '_')}"
    major, minor = __version__.split(".")[:2]
    section = name.replace("-", "_")
    settings = f'\n[project.entry-points."umbel.settings"]\n{section} = "{package}.settings:{title}Settings"\n'
    return {
        "kind": kind,
        "name": name,
        "section": section,
        "package": package,
        "title": title,
        "driver": f"{title}{kind.capitalize()}",
        "core": f">={major}.{minor},<{major}.{int(minor) + 1}",
        "settings_entry_point": settings if with_settings else "",
    }
