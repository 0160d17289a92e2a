"""Configurations: modules, objects, dicts and namespaces, new and old names."""

from __future__ import annotations

import sys
import warnings
from types import SimpleNamespace

import pytest

from umbel.exceptions import ImproperlyConfigured, UmbelWarning
from umbel.settings import Settings


@pytest.fixture
def conf() -> Settings:
    return Settings()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)
    name = "a_configuration"

    def write(text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        return name

    yield write
    sys.modules.pop(name, None)


def test_a_module_is_imported_when_a_setting_is_asked_for(conf, module):
    name = module("task_serializer = 'yaml'\nworker_concurrency = 3\n")
    conf.read_object(name)
    assert name not in sys.modules
    assert (conf.task_serializer, conf.worker_concurrency) == ("yaml", 3)
    assert name in sys.modules
    assert conf.source_of("task_serializer").startswith(f"the module {name} (")
    assert conf.source_of("task_serializer").endswith(f"{name}.py)")


def test_force_imports_it_now(conf):
    with pytest.raises(ImproperlyConfigured, match="'there_is_none' cannot be imported"):
        conf.read_object("there_is_none", force=True)


def test_an_import_error_comes_back_until_it_is_mended(conf, module):
    conf.read_object("there_is_none")
    for _ in range(2):
        with pytest.raises(ImproperlyConfigured):
            _ = conf.task_serializer
    conf.read_object(module("task_serializer = 'yaml'"))
    assert conf.task_serializer == "yaml"


def test_silent_ignores_a_module_that_is_not_there(conf):
    conf.read_object("there_is_none", silent=True, force=True)
    assert conf.task_serializer == "json"


def test_the_name_of_a_file_is_refused_with_what_to_write(conf, module):
    name = module("")
    with pytest.raises(ImproperlyConfigured, match=f"write '{name}', the name of the module"):
        conf.read_object(f"{name}.py", force=True)


def test_an_attribute_of_a_module_can_be_named(conf, module):
    name = module("class Config:\n    task_serializer = 'yaml'\n    _private = 1\n    def method(self): ...\n")
    conf.read_object(f"{name}:Config")
    assert conf.task_serializer == "yaml"
    assert f"{name}.Config" in conf.source_of("task_serializer")


def test_an_attribute_that_is_not_there_is_said_to_be_missing(conf, module):
    with pytest.raises(ImproperlyConfigured, match="has no attribute 'Nothing'"):
        conf.read_object(f"{module('')}:Nothing", force=True)


def test_a_dict_in_a_module_is_strict(conf, module):
    conf.read_object(f"{module('settings = dict(timeout=3)')}:settings")
    with pytest.raises(ImproperlyConfigured, match="there is no setting 'timeout'"):
        _ = conf.task_serializer


def test_an_object_is_read_by_its_attributes(conf):
    conf.read_object(SimpleNamespace(task_serializer="yaml", result_expires=60))
    assert (conf.task_serializer, conf.result_expires) == ("yaml", 60)


def test_a_wrong_type_in_a_module_names_the_file_and_the_old_name(conf, module):
    conf.read_object(module("CELERYD_CONCURRENCY = 'many'"))
    with pytest.raises(
        ImproperlyConfigured,
        match=r"worker_concurrency is 'many' \(str\), from CELERYD_CONCURRENCY in the module .*\.py",
    ):
        _ = conf.worker_concurrency


def test_a_variable_names_the_module(conf, module, monkeypatch):
    monkeypatch.setenv("MY_CONFIG", module("task_serializer = 'yaml'"))
    assert conf.read_environment("MY_CONFIG") is True
    assert conf.task_serializer == "yaml"


def test_a_variable_that_is_not_set_is_an_error_unless_silent(conf, monkeypatch):
    monkeypatch.delenv("MY_CONFIG", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"MY_CONFIG, .* is not set"):
        conf.read_environment("MY_CONFIG")
    assert conf.read_environment("MY_CONFIG", silent=True) is False


def test_old_names_alone_are_fine(conf):
    conf.read_object({"CELERYD_CONCURRENCY": 2, "BROKER_URL": "memory://", "CELERY_TASK_RESULT_EXPIRES": 60})
    assert (conf.worker_concurrency, conf.broker_url, conf.result_expires) == (2, "memory://", 60)


def test_the_style_of_most_names_wins_and_the_others_are_refused(conf):
    conf.read_object({"task_serializer": "json", "result_serializer": "json", "CELERYD_CONCURRENCY": 2})
    with pytest.raises(ImproperlyConfigured, match=r"CELERYD_CONCURRENCY should be worker_concurrency \(from a dict\)"):
        _ = conf.task_serializer
    conf.read_object({"CELERYD_CONCURRENCY": 2, "BROKER_URL": "memory://", "result_serializer": "json"})
    with pytest.raises(ImproperlyConfigured, match="result_serializer should be CELERY_RESULT_SERIALIZER"):
        _ = conf.task_serializer


def test_the_other_style_may_repeat_what_the_winning_one_says(conf):
    conf.read_object({"task_serializer": "yaml", "worker_concurrency": 4, "CELERYD_CONCURRENCY": 2})
    assert conf.worker_concurrency == 4


def test_a_namespace_takes_new_names_in_capitals_and_nothing_else(conf):
    conf.read_object(
        SimpleNamespace(CELERY_TASK_SERIALIZER="yaml", CELERY_BROKER_URL="memory://", DEBUG=True, BROKER_URL="x://"),
        namespace="CELERY",
    )
    assert (conf.task_serializer, conf.broker_url) == ("yaml", "memory://")
    assert conf.source_of("task_serializer").startswith("CELERY_TASK_SERIALIZER in an object of ")


def test_a_namespace_in_small_letters_takes_small_names(conf):
    conf.read_object({"queue_task_serializer": "yaml", "queue_TASK_TRACK_STARTED": True}, namespace="queue_")
    assert (conf.task_serializer, conf.task_track_started) == ("yaml", False)


def test_an_old_name_in_a_namespace_is_refused_with_the_new_one(conf):
    conf.read_object(SimpleNamespace(CELERY_ACKS_LATE=True), namespace="CELERY")
    with pytest.raises(ImproperlyConfigured, match=r"'acks_late' \(from CELERY_ACKS_LATE in .* 'task_acks_late'"):
        _ = conf.task_acks_late


def test_a_module_may_have_names_of_its_own_that_are_not_data(conf, module):
    conf.read_object(
        module("import os\nfrom pathlib import Path\n_host = 'x'\nDEBUG = True\nhere = Path('.')\ndef f(): ...\n")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert conf.task_serializer == "json"


def test_data_of_its_own_gives_one_warning_each(conf, module):
    conf.read_object(module("task_serializer = 'yaml'\nfrobnicate_speed = 3\n"))
    with pytest.warns(UmbelWarning, match="no installed plugin has settings called frobnicate_…; ignored") as caught:
        assert [conf.task_serializer for _ in range(2)] == ["yaml", "yaml"]
    assert len(caught) == 1


@pytest.mark.parametrize("name", ["task_seriallizer", "worker_frobnicate", "CELERYD_CONCURENCY"])
def test_what_looks_like_a_setting_in_a_module_is_an_error(conf, module, name):
    conf.read_object(module(f"{name} = 1\n"))
    with pytest.raises(ImproperlyConfigured, match=f"there is no setting '{name}'"):
        _ = conf.task_serializer


def test_capitals_of_others_are_left_alone_beside_old_names(conf):
    conf.read_object(SimpleNamespace(CELERYD_CONCURRENCY=2, DATABASES={}, INSTALLED_APPS=[], CELERYBEAT_FROBNICATE=1))
    with pytest.warns(UmbelWarning, match="CELERYBEAT_FROBNICATE") as caught:
        assert conf.worker_concurrency == 2
    assert len(caught) == 1


def test_helper_variables_whose_names_are_short_are_no_mistakes(conf, module):
    conf.read_object(module("host = 'localhost'\nbroker_url = f'memory://{host}'\n"))
    with pytest.warns(UmbelWarning, match="nothing is called 'host'; ignored"):
        assert conf.broker_url == "memory://localhost"
