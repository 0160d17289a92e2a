"""What is wrong with an installed plugin, said so that its user can mend it."""

from __future__ import annotations

import sys

from attrs import frozen

from umbel.plugin.catalogue import Entry
from umbel.plugin.installed import KERNEL


@frozen
class Problem:
    """A plugin that was left out, and why."""

    kind: str
    name: str
    distribution: str
    reason: str

    @classmethod
    def of(cls, entry: Entry, reason: object) -> Problem:
        return cls(entry.kind, entry.name, entry.distribution, str(reason))

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} of {self.distribution}: {self.reason}"


def unmet_requirements(distribution: str) -> list[str]:
    """What a distribution requires and the environment does not have, each with what to do about it.

    Reads the metadata of every requirement, so it is for `umbel plugins` and for errors, not for the way of a task.
    """
    # Nobody but an operator, or somebody in trouble, pays for these imports.
    from importlib.metadata import PackageNotFoundError, requires, version  # noqa: PLC0415

    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    if not distribution:
        return []
    problems = []
    try:
        texts = requires(distribution) or []
    except PackageNotFoundError:
        return []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            problems.append(f"its requirement {text!r} cannot be read; reinstall {distribution}")
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        wanted = f"{requirement.name}{requirement.specifier}"
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            problems.append(f"it requires {wanted}, which is not installed: pip install '{wanted}'")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            problems.append(f"it requires {wanted}, but {found} is installed: pip install '{wanted}'")
    return problems


def missing_module_advice(error: ImportError, entry: Entry) -> str:
    """What to install when the import of a plugin failed with `error`."""
    unmet = unmet_requirements(entry.distribution)
    if unmet:
        return "; ".join(unmet)
    package = (error.name or "").partition(".")[0]
    if package in sys.stdlib_module_names:
        return f"this Python was built without {package}"
    if package == "umbel" and entry.distribution != KERNEL:
        return f"it was written for another {KERNEL}: pip install --upgrade {KERNEL} {entry.distribution}"
    if not package or package == entry.value.partition(".")[0]:
        return f"its installation is damaged: pip install --force-reinstall {entry.distribution}"
    upgrade = "" if isinstance(error, ModuleNotFoundError) else "--upgrade "
    return f"pip install {upgrade}{package.replace('_', '-')}"
