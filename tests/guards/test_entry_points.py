"""Every entry point of every distribution of ours that is installed loads, and gives what its group promises."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from source_tree import distributions

from umbel.contracts import CONTRACT_VERSIONS, CONTRACTS
from umbel.plugin.catalogue import Catalogue, Entry
from umbel.plugin.loader import load_command, load_driver, load_object, load_worker_option

OURS = {each.name for each in distributions()} | {"umbel"}
ENTRIES = [entry for entry in Catalogue().entries() if entry.distribution in OURS]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}:{entry.name}")
def test_an_entry_point_loads(entry: Entry) -> None:
    if entry.status == "replaced":
        pytest.skip(str(entry.problem))
    assert entry.problem is None
    loaded = _loaded(entry)  # its errors say what to do
    contract = CONTRACTS.get(entry.kind)
    if contract is not None:
        assert issubclass(loaded, contract), f"{entry} must be a subclass of {contract.__name__}"
        oldest, newest = CONTRACT_VERSIONS[entry.kind]
        stated = vars(loaded).get("contract_version")
        assert stated is not None, f"write `contract_version = {newest}` into the body of {loaded.__name__} itself"
        assert oldest <= stated <= newest
    if entry.kind == "settings":
        assert attrs.has(loaded), f"{entry} must be an attrs class"


def _loaded(entry: Entry) -> Any:
    if entry.kind == "default":
        return load_driver(Catalogue(), Catalogue().find(entry.name, entry.value))
    if entry.kind == "hint":
        return entry.value
    of_click = {"command": load_command, "worker_option": load_worker_option}
    load = load_driver if entry.kind in CONTRACTS else of_click.get(entry.kind, load_object)
    return load(Catalogue(), entry)


def test_every_folder_is_installed_with_the_entry_points_that_it_declares() -> None:
    installed = {(entry.distribution, entry.kind, entry.name) for entry in ENTRIES}
    declared = {(each.name, kind, name) for each in distributions() for kind, name in each.entry_points}
    missing = sorted(declared - installed)
    assert not missing, f"install the folders again (pip install -e FOLDER), their metadata has changed: {missing}"


@pytest.mark.parametrize(
    "entry", [each for each in ENTRIES if each.kind in CONTRACTS], ids=lambda entry: f"{entry.kind}:{entry.name}"
)
def test_the_settings_of_a_driver_are_a_frozen_attrs_class_named_after_it(entry: Entry) -> None:
    settings = getattr(_loaded(entry), "settings_class", None)
    if settings is not None:
        assert attrs.has(settings), f"{settings.__name__} must be an attrs class"
        assert settings.__setattr__ is not object.__setattr__, f"decorate {settings.__name__} with attrs.frozen"
        assert settings.__name__.endswith("Settings")
