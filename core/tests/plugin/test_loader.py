from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import click
import pytest

from umbel.contracts import Compression
from umbel.exceptions import ContractMismatch, PluginConflict, PluginError, PluginNotFound
from umbel.plugin import hookimpl
from umbel.plugin.api import load_api
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load, load_all, load_command


def error_of(site: Any, source: str, **options: Any) -> PluginError:
    """What loading a compression with this source raises."""
    site.install("umbel-acme", {"compression": {"acme": "acme_plugin"}}, acme_plugin=source, **options)
    with pytest.raises(PluginError) as caught:
        load(Catalogue(), "compression", "acme")
    assert "compression 'acme' of umbel-acme 1.0" in str(caught.value)
    return caught.value


def test_the_chosen_driver_is_loaded_and_no_other(site: Any, compression: str) -> None:
    site.install("umbel-acme", {"compression": {"acme": "acme_plugin"}}, acme_plugin=compression)
    site.install("umbel-broken", {"compression": {"broken": "broken_plugin"}}, broken_plugin="raise SystemExit(3)")
    driver = load(Catalogue(), "compression", "acme")
    assert issubclass(driver, Compression)
    assert driver().compress(b"x") == b"x"
    assert "broken_plugin" not in sys.modules


def test_of_two_plugins_the_catalogue_decides_not_the_loader(site: Any, compression: str) -> None:
    site.install("umbel-one", {"compression": {"acme": "one"}}, one=compression)
    site.install("umbel-two", {"compression": {"acme": "two"}}, two=compression)
    with pytest.raises(PluginConflict):
        load(Catalogue(), "compression", "acme")
    assert load(Catalogue(disabled=["umbel-one"]), "compression", "acme").__module__ == "two"
    assert load(Catalogue(disabled=["umbel-two"]), "compression", "acme").__module__ == "one"


def test_an_entry_point_may_name_an_object_with_hooks(site: Any, compression: str) -> None:
    source = (
        compression
        + "\n    class Plugin:\n        @hookimpl\n        def umbel_compression(self):\n"
        + ("            return PlainCompression\n\n    plugin = Plugin()\n")
    )
    site.install("umbel-acme", {"compression": {"acme": "acme_plugin:plugin"}}, acme_plugin=source)
    assert load(Catalogue(), "compression", "acme").__name__ == "PlainCompression"


def test_a_registered_class_module_or_object_is_a_driver_too(compression: str) -> None:
    class Mine(Compression):
        contract_version = 1
        content_type = "x"

        def compress(self, data: bytes) -> bytes:
            return data

        def decompress(self, data: bytes, max_bytes: int) -> bytes:
            return data

    class Plugin:
        @hookimpl
        def umbel_compression(self) -> type[Compression]:
            return Mine

    catalogue = Catalogue()
    catalogue.register("compression", "a", Mine)
    catalogue.register("compression", "b", Plugin())
    assert load(catalogue, "compression", "a") is load(catalogue, "compression", "b") is Mine


def test_a_plugin_that_fails_to_import_says_so_with_the_reason(site: Any) -> None:
    assert "ZeroDivisionError: division by zero" in str(error_of(site, "1 / 0"))


@pytest.mark.parametrize("source", ["raise SystemExit(1)", "assert False", "def"])
def test_whatever_a_plugin_raises_at_import_becomes_a_plugin_error(site: Any, source: str) -> None:
    assert "cannot be imported" in str(error_of(site, source))


def test_a_missing_requirement_is_named_with_the_pip_install_that_brings_it(site: Any) -> None:
    error = error_of(site, "import redis_of_acme", requires=["acme-redis-client>=4"])
    assert "No module named 'redis_of_acme'" in str(error)
    assert "pip install 'acme-redis-client>=4'" in str(error)


def test_a_requirement_in_the_wrong_version_is_named_with_the_one_that_is_here(site: Any) -> None:
    error = error_of(site, "from click import not_yet_there", requires=["click>=999"])
    assert "requires click>=999" in str(error)
    assert "pip install 'click>=999'" in str(error)


def test_an_undeclared_missing_module_is_guessed(site: Any) -> None:
    assert "pip install redis-of-acme" in str(error_of(site, "import redis_of_acme"))


def test_a_plugin_whose_own_module_is_missing_has_to_be_installed_again(site: Any) -> None:
    site.install("umbel-acme", {"compression": {"acme": "acme_plugin"}})
    with pytest.raises(PluginError, match="pip install --force-reinstall umbel-acme"):
        load(Catalogue(), "compression", "acme")


def test_a_plugin_for_another_kernel_is_told_apart(site: Any) -> None:
    assert "pip install --upgrade umbel-core" in str(error_of(site, "import umbel.of_the_future"))


def test_a_hook_that_asks_for_what_is_missing_is_the_same_error(site: Any) -> None:
    source = """
        from umbel.plugin import hookimpl

        @hookimpl
        def umbel_compression():
            import redis_of_acme
    """
    assert "pip install redis-of-acme" in str(error_of(site, source))


def test_a_hook_that_fails_is_an_error_of_its_plugin(site: Any) -> None:
    source = "from umbel.plugin import hookimpl\n@hookimpl\ndef umbel_compression(): raise ValueError('no')\n"
    assert "umbel_compression() failed: ValueError: no" in str(error_of(site, source))


def test_a_misspelled_hook_is_named_with_the_right_one(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("def umbel_compression", "def umbel_compresion"))
    assert "module acme_plugin" in str(error)
    assert "'umbel_compresion'" in str(error)
    assert "did you mean 'umbel_compression'?" in str(error)


def test_a_misspelled_hook_beside_a_right_one_is_an_error_too(site: Any, compression: str) -> None:
    error = error_of(site, compression + "\n    @hookimpl\n    def umbel_worker_redy(hostname): pass\n")
    assert "did you mean 'umbel_worker_ready'?" in str(error)


def test_a_hook_with_arguments_that_do_not_exist_is_an_error(site: Any, compression: str) -> None:
    error = error_of(site, compression + "\n    @hookimpl\n    def umbel_worker_ready(host): pass\n")
    assert "host" in str(error)


def test_a_hook_that_wraps_others_is_refused(site: Any, compression: str) -> None:
    source = compression.replace("@hookimpl", "@hookimpl(wrapper=True)").replace("return Plain", "yield Plain")
    assert "wraps umbel_compression" in str(error_of(site, source))


def test_a_hook_without_its_decorator_is_found_out(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("@hookimpl", ""))
    assert "decorate it with @umbel.plugin.hookimpl" in str(error)


def test_a_module_without_the_hook_of_its_kind_is_told_to_define_it(site: Any) -> None:
    assert "def umbel_compression()" in str(error_of(site, ""))


def test_what_is_no_subclass_of_the_contract_is_refused(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("(Compression)", ""))
    assert "not a subclass of umbel.contracts.Compression" in str(error)


def test_a_driver_with_methods_missing_is_refused(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("def decompress", "def decompres"))
    assert "PlainCompression does not implement decompress" in str(error)


def test_features_have_to_be_a_frozenset_of_names(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("contract_version = 1", "contract_version = 1; features = ['fast']"))
    assert "features must be a frozenset of str, not ['fast']" in str(error)


def test_a_driver_for_a_newer_contract_asks_for_a_newer_kernel(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("contract_version = 1", "contract_version = 99"))
    assert isinstance(error, ContractMismatch)
    assert "written for version 99 of its contract, and this umbel-core drives 1" in str(error)
    assert "pip install --upgrade umbel-core, or install an older umbel-acme" in str(error)


def test_a_driver_for_an_older_contract_has_to_be_upgraded_itself(site: Any, compression: str) -> None:
    error = error_of(site, compression.replace("contract_version = 1", "contract_version = 0"))
    assert isinstance(error, ContractMismatch)
    assert "pip install --upgrade umbel-acme, or install an older umbel-core" in str(error)


def test_a_driver_has_to_state_its_contract_version_itself(
    site: Any, compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compression, "contract_version", 1, raising=False)
    error = error_of(site, compression.replace("contract_version = 1", ""))
    assert isinstance(error, ContractMismatch)
    assert "put `contract_version = 1` into its class body" in str(error)


def test_all_drivers_of_a_kind_load_but_the_broken_ones(site: Any, compression: str) -> None:
    site.install("umbel-good", {"compression": {"good": "good"}}, good=compression)
    site.install("umbel-bad", {"compression": {"bad": "bad"}}, bad="1 / 0")
    site.install("umbel-off", {"compression": {"off": "off"}}, off="raise SystemExit")
    site.install("umbel-one", {"compression": {"both": "one"}})
    site.install("umbel-two", {"compression": {"both": "two"}})
    drivers, problems = load_all(Catalogue(disabled=["off"]), "compression")
    assert "good" in drivers
    assert {"bad", "off", "both"}.isdisjoint(drivers)
    mine = {(each.name, each.distribution) for each in problems if each.distribution.startswith("umbel-")}
    assert {("bad", "umbel-bad"), ("both", "umbel-one"), ("both", "umbel-two")} <= mine
    assert any("division by zero" in str(each) for each in problems)


def test_a_broken_plugin_that_is_required_is_an_error(site: Any) -> None:
    site.install("umbel-bad", {"compression": {"bad": "bad"}}, bad="1 / 0")
    with pytest.raises(PluginError, match="division by zero"):
        load_all(Catalogue(), "compression", required=["umbel-bad"])
    with pytest.raises(PluginNotFound, match="pip install umbel-sentry"):
        load_all(Catalogue(), "compression", required=["umbel-sentry"])


def test_a_command_is_loaded_from_its_hook(site: Any) -> None:
    source = """
        import click
        from umbel.plugin import hookimpl

        @click.command()
        def hello():
            click.echo("hello")

        @hookimpl
        def umbel_command():
            return hello
    """
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}}, hello_plugin=source)
    catalogue = Catalogue()
    assert isinstance(load_command(catalogue, catalogue.find("command", "hello")), click.Command)


def test_what_is_no_command_is_refused() -> None:
    catalogue = Catalogue()
    module = ModuleType("not_a_command")
    module.umbel_command = hookimpl(lambda: "hello")  # type: ignore[attr-defined]
    catalogue.register("command", "hello", module)
    with pytest.raises(PluginError, match=r"not a click\.Command"):
        load_command(catalogue, catalogue.find("command", "hello"))


def test_a_public_name_comes_from_the_plugin_that_has_it(site: Any) -> None:
    site.install("umbel-acme", {"api": {"acmegroup": "acme_api:acmegroup"}}, acme_api="acmegroup = 42")
    assert load_api("acmegroup") == 42


def test_an_unknown_public_name_is_an_attribute_error_with_what_was_meant(site: Any) -> None:
    site.install("umbel-acme", {"api": {"acmegroup": "acme_api:acmegroup"}}, acme_api="acmegroup = 42")
    with pytest.raises(AttributeError, match="did you mean 'acmegroup'"):
        load_api("acmegruop")
    with pytest.raises(AttributeError):
        load_api("__wrapped__")


def test_a_known_public_name_whose_plugin_is_not_installed_says_which_to_install(site: Any) -> None:
    site.install("umbel-full", {"hint": {"acmechord": "umbel_acme"}})
    with pytest.raises(ImportError, match="pip install umbel-acme"):
        load_api("acmechord")


def test_a_public_name_of_a_broken_plugin_is_an_import_error(site: Any) -> None:
    site.install("umbel-acme", {"api": {"acmegroup": "acme_api:acmegroup"}}, acme_api="1 / 0")
    with pytest.raises(PluginError, match="division by zero"):
        load_api("acmegroup")
    with pytest.raises(ImportError, match="disabled"):
        load_api("acmegroup", Catalogue(disabled=["umbel-acme"]))
