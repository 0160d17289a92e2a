"""Does a driver class keep to the contract of its kind? As far as one can tell without running it."""

from __future__ import annotations

import inspect
from typing import Any

from umbel.contracts import CONTRACT_VERSIONS, CONTRACTS
from umbel.exceptions import ContractMismatch, PluginError
from umbel.plugin.catalogue import Entry
from umbel.plugin.installed import KERNEL


def check(entry: Entry, driver: object) -> type[Any]:
    """The driver, if it fits. Raises `PluginError`, or `ContractMismatch` for another version of the contract."""
    contract = CONTRACTS[entry.kind]
    if not (isinstance(driver, type) and issubclass(driver, contract)):
        raise PluginError(f"{entry} gave {driver!r}, which is not a subclass of umbel.contracts.{contract.__name__}")
    _check_version(entry, driver, contract)
    if inspect.isabstract(driver):
        missing = ", ".join(sorted(getattr(driver, "__abstractmethods__", ())))
        raise PluginError(f"{entry}: {driver.__name__} does not implement {missing}")
    features = driver.features  # type: ignore[attr-defined]
    if not (isinstance(features, frozenset) and all(isinstance(feature, str) for feature in features)):
        raise PluginError(f"{entry}: {driver.__name__}.features must be a frozenset of str, not {features!r}")
    return driver


def _check_version(entry: Entry, driver: type, contract: type) -> None:
    # Only what the driver says itself counts: a version that came with the contract's class would always agree.
    own = driver.__mro__[: driver.__mro__.index(contract)]
    stated = next((vars(cls)["contract_version"] for cls in own if "contract_version" in vars(cls)), None)
    oldest, newest = CONTRACT_VERSIONS[entry.kind]
    if not isinstance(stated, int):
        raise ContractMismatch(
            f"{entry}: {driver.__name__} does not say for which contract it was written; "
            f"put `contract_version = {newest}` into its class body"
        )
    if oldest <= stated <= newest:
        return
    here = f"this {KERNEL} drives {oldest}" + (f" to {newest}" if newest > oldest else "")
    advice = (
        f"pip install --upgrade {KERNEL}, or install an older {entry.distribution}"
        if stated > newest
        else f"pip install --upgrade {entry.distribution}, or install an older {KERNEL}"
    )
    raise ContractMismatch(f"{entry} was written for version {stated} of its contract, and {here}: {advice}")
