"""The hook of each kind gives the driver that a plugin's module has."""

from __future__ import annotations

from types import ModuleType

import pytest

from umbel.contracts import CONTRACTS
from umbel.plugin import hookimpl
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load

HOOKS = {
    "transport": "umbel_transport",
    "pool": "umbel_pool",
    "serializer": "umbel_serializer",
    "compression": "umbel_compression",
    "backend": "umbel_backend",
    "scheduler": "umbel_scheduler",
    "consumer": "umbel_consumer",
    "bootstep": "umbel_bootstep",
}


def test_every_kind_has_a_hook() -> None:
    assert set(HOOKS) == set(CONTRACTS)


@pytest.mark.parametrize(("kind", "hook"), HOOKS.items())
def test_the_hook_of_a_kind_gives_the_driver(kind: str, hook: str) -> None:
    contract = CONTRACTS[kind]
    abstract = getattr(contract, "__abstractmethods__", ())
    driver = type("AcmeDriver", (contract,), {"contract_version": 1, **dict.fromkeys(abstract, print)})
    module = ModuleType("acme")
    setattr(module, hook, hookimpl(lambda: driver))
    catalogue = Catalogue()
    catalogue.register(kind, "acme", module)
    assert load(catalogue, kind, "acme") is driver
