"""The tox environments that follow from the folders: what is installed in each, and which tests it runs.

`plugin-NAME` and `contrib-NAME` have the kernel, the conformance kit and that folder, and nothing else of this
repository, so a plugin that leans on another one fails. Folders come and go, and no list has to be edited.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tox.config.loader.memory import MemoryLoader
from tox.config.sets import ConfigSet
from tox.config.types import EnvList
from tox.plugin import impl
from tox.session.state import State
from tox.tox_env.python.pip.req_file import PythonDeps

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent
PYTHONS = ("py310", "py311", "py312", "py313")
#: Where a folder says what its tests need beside what all need.
OWN = "tests/requirements.txt"


class Environment(NamedTuple):
    """The folders that are installed, those that are tested (none: all), and what the tests need beside them."""

    install: list[str]
    test: list[str]
    requirements: str = "tests/requirements.txt"


@impl
def tox_extend_envs() -> Iterable[str]:
    return tuple(environments())


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    found = environments()
    core_conf.loaders.insert(0, MemoryLoader(env_list=EnvList(list(found))))
    for name, environment in found.items():
        own = [path for folder in environment.test if (path := ROOT / folder / OWN).exists()]
        lines = [f"-r {path}" for path in (environment.requirements, *own)]
        lines += [f"-e ./{folder}" for folder in environment.install]
        values = MemoryLoader(
            description=", ".join(environment.install),
            deps=PythonDeps("\n".join(lines), ROOT),
            set_env={"UMBEL_TESTS": " ".join(f"{folder}/tests" for folder in environment.test)},
        )
        state.conf.memory_seed_loaders[name].append(values)


def environments() -> dict[str, Environment]:
    """Every environment by its name."""
    plugins = {folder: about(folder) for kind in ("plugins", "contrib") for folder in distributions(kind)}
    base = ["core", *(folder for folder in plugins if plugins[folder].get("kit"))]
    defaults = [folder for folder in plugins if plugins[folder].get("default")]
    found = {"kernel": Environment(base, ["core"])}
    for folder in plugins:
        name = folder.replace("plugins/", "plugin-").replace("contrib/", "contrib-")
        found[name] = Environment(unique([*base, folder]), [folder])
    for python in PYTHONS:
        found[python] = Environment(unique([*base, *defaults, "."]), ["core", *defaults])
    everything = unique([*base, *plugins, "."])
    found["all"] = Environment(everything, [], "tests/requirements-all.txt")
    found["docs"] = Environment(everything, [], "docs/requirements.txt")
    return found


def distributions(kind: str) -> list[str]:
    return [f"{kind}/{path.parent.name}" for path in sorted(ROOT.glob(f"{kind}/*/pyproject.toml"))]


def about(folder: str) -> dict[str, bool]:
    """What the folder says of itself in `[tool.umbel]`: see hatch_build.py."""
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8")).get("tool", {}).get("umbel", {})


def unique(folders: list[str]) -> list[str]:
    return list(dict.fromkeys(folders))
