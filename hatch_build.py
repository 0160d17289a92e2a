"""What `umbel` depends on, read from the plugin folders that exist.

Every folder in plugins/ and contrib/ is an extra under its own name, so `pip install "umbel[redis]"` stays right
whether or not redis is a default; `all` brings every one. A folder whose pyproject.toml says

    [tool.umbel]
    default = true

is a dependency, and `kit = true` keeps what is only for developers out of `all`. A default driver counts if a folder
has it. So a folder can be taken away, or added, and nothing else has to be edited.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class PluginFolders(MetadataHookInterface):
    """Fills in dependencies, extras and defaults. The distributions move in lockstep until 1.0."""

    def update(self, metadata: dict[str, Any]) -> None:
        major, minor = (int(part) for part in metadata["version"].split(".")[:2])
        compatible = f">={major}.{minor},<{major}.{minor + 1}"
        dependencies, everything, extras = [f"umbel-core{compatible}"], [], {}
        found = projects(Path(self.root))
        for project in found:
            requirement = project["project"]["name"] + compatible
            about = project.get("tool", {}).get("umbel", {})
            extras[project["folder"]] = [requirement]
            if about.get("default"):
                dependencies.append(requirement)
            if not about.get("kit"):
                everything.append(requirement)
        drivers = [project["project"].get("entry-points", {}) for project in found]
        there = {
            kind: name
            for kind, name in self.config["defaults"].items()
            if any(name in groups.get(f"umbel.{kind}", {}) for groups in drivers)
        }
        metadata["entry-points"] = {"umbel.default": there}
        metadata["dependencies"] = dependencies
        metadata["optional-dependencies"] = {**extras, "all": everything}


def projects(root: Path) -> list[dict[str, Any]]:
    """The pyproject.toml of every plugin, sorted by folder; `folder` is the folder's name."""
    found = []
    for path in sorted([*root.glob("plugins/*/pyproject.toml"), *root.glob("contrib/*/pyproject.toml")]):
        found.append({**tomllib.loads(path.read_text("utf-8")), "folder": path.parent.name})
    return found
