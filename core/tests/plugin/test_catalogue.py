from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from umbel.exceptions import ImproperlyConfigured, PluginConflict, PluginError, PluginNotFound
from umbel.plugin.catalogue import DRIVERS, ENVIRONMENT, Catalogue, Entry
from umbel.plugin.installed import KERNEL


def only(catalogue: Catalogue, kind: str, name: str) -> Entry:
    (entry,) = [entry for entry in catalogue.entries(kind) if entry.name == name]
    return entry


def test_an_installed_name_is_known_with_its_distribution_and_version_and_nothing_is_imported(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}}, version="2.5", acme_plugin="raise SystemExit")
    entry = Catalogue().find("transport", "acme")
    assert entry == Entry("transport", "acme", "acme_plugin", "umbel-acme", "2.5")
    assert str(entry) == "transport 'acme' of umbel-acme 2.5"
    assert "acme_plugin" not in sys.modules


def test_what_stands_after_a_plus_is_the_drivers_own(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "a", "acme+tls": "b"}})
    found = [Catalogue().find("transport", name).value for name in ("acme", "acme+tls", "acme+postgresql+psycopg")]
    assert found == ["a", "b", "a"]
    with pytest.raises(PluginNotFound, match="is not installed"):
        Catalogue().find("transport", "other+acme")


def test_the_kernels_own_drivers_come_through_the_same_door() -> None:
    catalogue = Catalogue()
    assert catalogue.find("serializer", "json").distribution == KERNEL
    assert catalogue.find("pool", "solo").distribution == KERNEL


def test_names_are_sorted_and_only_those_that_can_be_used(site: Any) -> None:
    site.install("umbel-b", {"compression": {"zz": "b", "yy": "b", "off": "b"}})
    names = Catalogue(disabled=["compression:off"]).names("compression")
    assert names == sorted(names)
    assert {"zz", "yy"} <= set(names)
    assert "off" not in names


def test_an_unknown_name_says_what_is_installed_what_was_meant_and_what_to_install(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}})
    with pytest.raises(PluginNotFound) as caught:
        Catalogue().find("transport", "acmee", "broker_url")
    text = str(caught.value)
    assert "transport 'acmee' (from broker_url) is not installed" in text
    assert "'acme'" in text
    assert "pip install umbel-acme" in text
    assert isinstance(caught.value, ImproperlyConfigured)


def test_the_install_hint_leaves_out_what_stands_after_a_plus_and_knows_declared_hints(site: Any) -> None:
    site.install("umbel", {"hint": {"group": "umbel_acme"}}, version="9")
    catalogue = Catalogue()
    assert catalogue.install_hint("sqlalchemy+postgresql") == "pip install umbel-sqlalchemy"
    assert catalogue.install_hint("bootstep:My_Step") == "pip install umbel-my-step"
    assert catalogue.install_hint("umbel-acme") == "pip install umbel-acme"
    assert catalogue.install_hint("group") == "pip install umbel-acme"


def test_one_name_from_two_distributions_is_a_conflict_that_names_both(site: Any) -> None:
    site.install("umbel-one", {"transport": {"acme": "one"}})
    site.install("umbel-two", {"transport": {"acme": "two"}}, version="2.0")
    catalogue = Catalogue()
    assert [entry.status for entry in catalogue.entries("transport") if entry.name == "acme"] == ["conflict"] * 2
    assert "acme" not in catalogue.names("transport")
    with pytest.raises(PluginConflict) as caught:
        catalogue.find("transport", "acme")
    text = str(caught.value)
    assert "umbel-one 1.0" in text
    assert "umbel-two 2.0" in text
    assert "pip uninstall" in text
    assert "plugins_disabled" in text


def test_disabling_one_of_the_two_ends_the_conflict(site: Any) -> None:
    site.install("umbel-one", {"transport": {"acme": "one"}})
    site.install("umbel-two", {"transport": {"acme": "two"}})
    assert Catalogue(disabled=["umbel_two"]).find("transport", "acme").distribution == "umbel-one"


def test_one_distribution_that_is_found_twice_on_the_path_is_no_conflict(site: Any, tmp_path: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "one"}}, version="2.0")
    old = type(site)(tmp_path / "old")
    sys.path.append(str(old.folder))
    try:
        old.install("umbel-acme", {"transport": {"acme": "one"}}, version="1.0")
        assert Catalogue().find("transport", "acme").version == "2.0"
    finally:
        sys.path.remove(str(old.folder))


def test_a_plugin_takes_over_a_name_of_the_kernels(site: Any) -> None:
    site.install("umbel-fast", {"serializer": {"json": "fast_json"}})
    catalogue = Catalogue()
    assert catalogue.find("serializer", "json").distribution == "umbel-fast"
    replaced = [entry for entry in catalogue.entries("serializer") if entry.status == "replaced"]
    assert [entry.distribution for entry in replaced] == [KERNEL]
    assert Catalogue(disabled=["umbel-fast"]).find("serializer", "json").distribution == KERNEL


def test_two_plugins_that_take_over_the_same_name_are_a_conflict(site: Any) -> None:
    site.install("umbel-fast", {"serializer": {"json": "fast_json"}})
    site.install("umbel-faster", {"serializer": {"json": "faster_json"}})
    with pytest.raises(PluginConflict, match="umbel-faster"):
        Catalogue().find("serializer", "json")


@pytest.mark.parametrize("word", ["acme", "transport:acme", "umbel-acme", "Umbel_Acme"])
def test_a_setting_disables_by_name_by_kind_and_name_or_by_distribution(site: Any, word: str) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}})
    catalogue = Catalogue(disabled=[word])
    assert only(catalogue, "transport", "acme").status == "disabled"
    with pytest.raises(PluginError, match="disabled by the setting plugins_disabled") as caught:
        catalogue.find("transport", "acme")
    assert not isinstance(caught.value, PluginNotFound)


def test_an_environment_variable_disables_too(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}, "backend": {"acme": "acme_plugin"}})
    monkeypatch.setenv(ENVIRONMENT, " umbel-other, transport:acme ,")
    catalogue = Catalogue()
    with pytest.raises(PluginError, match=ENVIRONMENT):
        catalogue.find("transport", "acme")
    assert catalogue.find("backend", "acme").name == "acme"


def test_a_registered_plugin_needs_no_distribution_and_wins(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}})
    catalogue = Catalogue()
    catalogue.find("transport", "acme")
    mine = object()
    catalogue.register("transport", "acme", mine)
    entry = catalogue.find("transport", "acme")
    assert catalogue.registered(entry) is mine
    assert entry.distribution == ""
    assert Catalogue().find("transport", "acme").distribution == "umbel-acme"


def test_registering_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(PluginError, match="transports"):
        Catalogue().register("transports", "acme", object())


def test_the_default_is_the_declared_one_even_if_it_is_not_installed(site: Any) -> None:
    others = [entry.distribution for entry in Catalogue().entries("default")]
    site.install("umbel-full", {"default": {"scheduler": "sundial"}})
    assert Catalogue(disabled=others).default("scheduler") == "sundial"


def test_two_different_defaults_are_a_conflict_and_two_equal_ones_are_not(site: Any) -> None:
    others = [entry.distribution for entry in Catalogue().entries("default")]
    site.install("umbel-full", {"default": {"scheduler": "sundial", "backend": "attic"}})
    site.install("umbel-fuller", {"default": {"scheduler": "hourglass", "backend": "attic"}})
    catalogue = Catalogue(disabled=others)
    assert catalogue.default("backend") == "attic"
    with pytest.raises(PluginConflict):
        catalogue.default("scheduler")


def test_without_a_declared_default_the_only_driver_is_it(site: Any) -> None:
    others = [entry.distribution for kind in ("default", "scheduler") for entry in Catalogue().entries(kind)]
    assert Catalogue(disabled=others).default("scheduler") is None
    site.install("umbel-sundial", {"scheduler": {"sundial": "sundial", "shadow": "sundial"}})
    assert Catalogue(disabled=others).default("scheduler") == "shadow"
    site.install("umbel-hourglass", {"scheduler": {"hourglass": "hourglass"}})
    assert Catalogue(disabled=others).default("scheduler") is None


def test_a_plugin_goes_before_the_kernels_own_where_no_default_is_declared(site: Any) -> None:
    found = [entry for kind in ("default", "pool") for entry in Catalogue().entries(kind)]
    others = [entry.distribution for entry in found if entry.distribution != KERNEL]
    assert Catalogue(disabled=others).default("pool") == "solo"
    site.install("umbel-acme", {"pool": {"acme": "acme_plugin"}})
    assert Catalogue(disabled=others).default("pool") == "acme"


def test_an_entry_point_group_that_does_not_exist_is_reported_with_the_one_that_was_meant(site: Any) -> None:
    site.install("umbel-acme", {"transports": {"acme": "acme_plugin"}})
    (entry,) = [entry for entry in Catalogue().entries() if entry.distribution == "umbel-acme"]
    assert entry.status == "unknown"
    assert "umbel.transports; did you mean umbel.transport?" in str(entry.problem)


def test_a_damaged_distribution_hides_itself_and_nobody_else(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}})
    site.install("umbel-broken", {"transport": {"broken": "broken_plugin"}})
    (site.folder / "umbel_broken-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe")
    Catalogue.refresh()
    names = Catalogue().names("transport")
    assert "acme" in names
    assert "broken" not in names
    assert "umbel_broken" in caplog.text


def test_required_plugins_that_are_missing_or_disabled_are_an_error(site: Any) -> None:
    site.install("umbel-acme", {"bootstep": {"acme": "acme_plugin"}})
    Catalogue().require(["umbel-acme", "bootstep:acme", "acme"])
    with pytest.raises(PluginNotFound, match="'sentry', but it is not installed: pip install umbel-sentry"):
        Catalogue().require(["acme", "sentry"])
    with pytest.raises(PluginNotFound, match="disabled by"):
        Catalogue(disabled=["acme"]).require(["umbel-acme"])


def test_refresh_makes_every_catalogue_see_what_was_installed_meanwhile(site: Any) -> None:
    catalogue = Catalogue()
    assert "acme" not in catalogue.names("transport")
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}})
    assert "acme" in catalogue.names("transport")


def test_many_threads_may_ask_at_once(site: Any) -> None:
    site.install("umbel-acme", {kind: {"acme": "acme_plugin"} for kind in DRIVERS})
    catalogue = Catalogue()
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda kind=kind: answers.append(catalogue.find(kind, "acme").kind)) for kind in DRIVERS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(DRIVERS)
