"""Sections that plugins contribute; each test installs real distributions, in a folder of its own."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from umbel.exceptions import ImproperlyConfigured, PluginConflict, PluginError, UmbelWarning
from umbel.plugin.catalogue import Catalogue
from umbel.settings import Override, Settings

ACME = """
from __future__ import annotations
from attrs import field, frozen, validators

@frozen(kw_only=True)
class AcmeSettings:
    old_prefix = "CELERYACME_"

    #: Seconds that a lease lasts.
    lease_s: float = field(default=10.0, validator=validators.gt(0))
    hosts: list[str] = field(factory=list)
    speed: int | None = None
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts a distribution with a section of settings on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = []

    def install(prefix: str, code: str = ACME, name: str = "AcmeSettings", distribution: str | None = None) -> None:
        distribution = distribution or f"umbel-{prefix}"
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[umbel.settings]\n{prefix} = {module}:{name}\n")
        modules.append(module)
        Catalogue.refresh()

    yield install
    for module in modules:
        sys.modules.pop(module, None)
    monkeypatch.undo()
    Catalogue.refresh()


def test_a_plugins_settings_are_checked_like_the_kernels(install):
    install("acme")
    conf = Settings()
    assert conf.acme_lease_s == 10.0
    conf.acme_lease_s = 3
    assert conf.acme_lease_s == 3
    with pytest.raises(
        ImproperlyConfigured, match=r"acme_lease_s is 'long' \(str\), from an assignment; expected float"
    ):
        conf.acme_lease_s = "long"
    with pytest.raises(ImproperlyConfigured, match="did you mean 'acme_lease_s'"):
        conf.update(acme_leases=3)


def test_its_class_is_imported_when_its_prefix_turns_up(install):
    install("acme")
    conf = Settings()
    conf.read_object({"task_serializer": "yaml"})
    assert conf.worker_concurrency is None
    assert "umbel_acme" not in sys.modules
    conf.read_object({"acme_speed": 3})
    assert conf.acme_speed == 3
    assert "umbel_acme" in sys.modules
    assert conf["acme_speed"] == dict(conf)["acme_speed"] == 3


def test_old_names_of_a_plugin_work(install):
    install("acme")
    conf = Settings()
    conf.read_object({"CELERYACME_SPEED": 3, "CELERYD_CONCURRENCY": 2})
    assert (conf.acme_speed, conf.worker_concurrency) == (3, 2)
    conf.read_object({"CELERYACME_SPEED": 4})
    assert conf.acme_speed == 4
    conf.read_object({"CELERYACME_SPEED": 3, "worker_concurrency": 2})
    with pytest.raises(ImproperlyConfigured, match="CELERYACME_SPEED should be acme_speed"):
        _ = conf.acme_speed


def test_settings_in_a_namespace_reach_a_plugin(install):
    install("acme")
    conf = Settings()
    conf.read_object({"CELERY_ACME_SPEED": 3}, namespace="CELERY")
    assert conf.acme_speed == 3


def test_a_section_is_made_of_conf_and_overrides(install):
    install("acme")
    conf = Settings()
    conf.update(acme_lease_s=5, acme_speed=1)
    section = conf.section(
        "acme",
        Override({"speed": 2, "hosts": ["a"]}, "broker_transport_options"),
        Override({"hosts": "b,c"}, "the query of broker_url", text=True),
    )
    assert (section.lease_s, section.speed, section.hosts) == (5, 2, ["b", "c"])


def test_what_has_no_field_goes_to_the_one_that_takes_the_rest(install):
    source = "from attrs import Factory, field, frozen\n@frozen\nclass AcmeSettings:\n    speed: int = 1\n"
    install("acme", source + "    more: dict[str, object] = field(default=Factory(dict), metadata={'rest': True})\n")
    conf = Settings()
    conf.update(acme_more={"kept": 0, "sped": 0})
    section = conf.section("acme", Override({"speed": 2, "sped": 3, "spud": 4}, "broker_transport_options"))
    assert (section.speed, section.more) == (2, {"kept": 0, "sped": 3, "spud": 4})
    assert conf.acme_more == {"kept": 0, "sped": 0}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (Override({"speed": "x"}, "the query of broker_url", text=True), "from the query of broker_url; expected int"),
        (Override({"sped": 1}, "broker_transport_options"), "no setting 'sped' .from broker_transport_options.*speed"),
        (
            Override({"lease_s": -1}, "broker_transport_options"),
            "must be > 0.*lease_s is from broker_transport_options",
        ),
    ],
)
def test_a_mistake_in_an_override_names_its_source(install, override, message):
    install("acme")
    with pytest.raises(ImproperlyConfigured, match=message):
        Settings().section("acme", override)


def test_a_driver_without_an_entry_point_gives_its_class(install):
    install("acme")
    acme = importlib.import_module("umbel_acme")
    section = Settings().section("other", Override({"speed": 3}, "a test"), settings_class=acme.AcmeSettings)
    assert section == acme.AcmeSettings(speed=3)


def test_a_setting_without_a_default_must_be_set_when_the_section_is_made(install):
    install("acme", "from attrs import frozen\n@frozen\nclass AcmeSettings:\n    token: str\n")
    conf = Settings()
    assert conf.acme_token is None
    with pytest.raises(ImproperlyConfigured, match=r"'acme' do not fit.*token"):
        conf.section("acme")
    conf.acme_token = "x"
    assert conf.section("acme").token == "x"


def test_converters_and_computed_defaults_are_the_classes_own_business(install):
    install(
        "acme",
        "from pathlib import Path\nfrom attrs import Factory, field, frozen\n@frozen\nclass AcmeSettings:\n"
        "    folder: Path = field(default='.', converter=Path)\n"
        "    file: Path = Factory(lambda self: self.folder / 'x', takes_self=True)\n",
    )
    conf = Settings()
    conf.update(acme_folder="/srv")
    assert conf.section("acme").file == Path("/srv/x")
    assert conf.acme_file is None


def test_a_plugin_can_have_settings_below_a_prefix_of_the_kernels(install):
    install("worker_acme", distribution="umbel-acme")
    conf = Settings()
    conf.update(worker_acme_speed=3, worker_concurrency=1)
    assert conf.section("worker_acme").speed == 3


def test_what_is_set_for_a_disabled_plugin_is_kept_and_nobody_looks_at_it(install, monkeypatch):
    install("acme", "raise RuntimeError('broken')")
    conf = Settings()
    conf.read_object({"acme_anything": object, "plugins_disabled": ["acme"]})
    assert conf.acme_anything is object
    assert conf.plugins_disabled == ("acme",)
    assert "acme_anything" in dict(conf)
    with pytest.raises(PluginError, match="disabled"):
        conf.section("acme")

    monkeypatch.setenv("UMBEL_PLUGINS_DISABLED", "umbel-acme")
    conf = Settings()
    conf.update(acme_anything=1)
    assert conf.acme_anything == 1


def test_a_broken_plugin_is_named_with_what_to_do(install):
    install("acme", "import there_is_none")
    conf = Settings()
    assert conf.task_serializer == "json"
    with pytest.raises(PluginError, match=r"'acme' of umbel-acme 1.0 cannot be imported.*pip install there-is-none"):
        conf.acme_speed = 3


def test_a_broken_plugin_does_not_disturb_names_that_are_not_its_own(install):
    install("acme", "raise RuntimeError('broken')")
    conf = Settings()
    conf.read_object({"CELERYFROBNICATE": 1})
    with pytest.raises(ImproperlyConfigured, match="there is no setting 'CELERYFROBNICATE'"):
        _ = conf.task_serializer


def test_two_plugins_with_one_prefix_are_both_named(install):
    install("acme", distribution="umbel-one")
    install("acme", distribution="umbel-two")
    with pytest.raises(PluginConflict, match=r"(?=.*umbel-one 1.0)(?=.*umbel-two 1.0)"):
        Settings().acme_speed = 3


def test_an_app_can_give_its_own_catalogue(install):
    install("acme")
    conf = Settings(catalogue=lambda: Catalogue(["umbel-acme"]))
    conf.update(acme_frobnicate=1)
    assert conf.acme_frobnicate == 1


def test_a_name_that_no_plugin_has_is_a_warning_in_a_module_until_the_plugin_is_there(install):
    class Config:
        acme_speed = 3

    conf = Settings()
    conf.read_object(Config)
    with pytest.warns(UmbelWarning, match="no installed plugin has settings called acme_…"):
        assert conf.task_serializer == "json"
    install("acme")
    conf.read_object(Config)
    assert conf.acme_speed == 3


def test_the_kernels_own_settings_need_no_plugin_machinery():
    code = (
        "import sys; from umbel.settings import Settings; conf = Settings(); conf.update(broker_url='memory://x');"
        "conf.task_serializer; conf.section('worker');"
        "print([m for m in ('importlib.metadata', 'stevedore', 'pluggy', 'cattrs', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
