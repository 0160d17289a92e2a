"""What every driver owes the kernel before it does anything: the outside of its class."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import attrs
import pytest

from umbel.contracts import CONTRACT_VERSIONS, CONTRACTS
from umbel_conformance.capabilities import KNOWN_FEATURES

#: DESIGN.md: a contract is small, and so is what implements it.
MOST_PUBLIC_METHODS = 10


def public_methods(driver: type) -> list[str]:
    """The names that a caller may call on instances of `driver`, its own and inherited ones."""
    members = inspect.getmembers(driver, inspect.isroutine)
    return sorted(name for name, _ in members if not name.startswith("_"))


class DriverHygiene:
    """The rules that hold for a driver of any kind."""

    kind: ClassVar[str]

    @pytest.fixture
    def driver(self) -> type[Any]:
        """The class under test. Each suite says how to get at it."""
        raise NotImplementedError

    def test_the_driver_subclasses_the_contract_of_its_kind(self, driver: type[Any]) -> None:
        assert issubclass(driver, CONTRACTS[self.kind])

    def test_the_driver_states_the_contract_version_in_its_own_class_body(self, driver: type[Any]) -> None:
        assert "contract_version" in vars(driver), (
            f"{driver.__name__} inherits contract_version or has none: write `contract_version = "
            f"{CONTRACT_VERSIONS[self.kind][1]}` into its own body, so that it says which contract it was written for"
        )

    def test_the_contract_version_is_one_that_this_kernel_drives(self, driver: type[Any]) -> None:
        oldest, newest = CONTRACT_VERSIONS[self.kind]
        assert type(driver.contract_version) is int
        assert oldest <= driver.contract_version <= newest

    def test_the_driver_declares_only_features_that_the_contract_knows(self, driver: type[Any]) -> None:
        assert isinstance(driver.features, frozenset)
        assert driver.features <= KNOWN_FEATURES[self.kind]

    def test_the_driver_has_at_most_ten_public_methods(self, driver: type[Any]) -> None:
        assert len(public_methods(driver)) <= MOST_PUBLIC_METHODS, public_methods(driver)

    def test_the_settings_are_an_attrs_class_or_none(self, driver: type[Any]) -> None:
        settings_class = getattr(driver, "settings_class", None)
        assert settings_class is None or attrs.has(settings_class)
