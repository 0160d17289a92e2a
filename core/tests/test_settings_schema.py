"""The kernel's settings against Celery 5.7's: names, defaults and old names, read from it by introspection."""

from __future__ import annotations

import inspect
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from umbel.settings import Settings
from umbel.settings.schema import KERNEL
from umbel.settings.sections import kernel_options

CELERY = json.loads((Path(__file__).parent / "celery_settings.json").read_text())

ON_PURPOSE = {
    "worker_pool": "None is the default pool, which is a plugin's",
    "worker_autoscaler": "None is the class of the plugin that scales",
    "worker_consumer": "the worker is extended by plugins",
    "result_expires": "a timedelta, which JSON cannot hold",
    "result_backend_max_retries": "infinity, which JSON cannot hold",
}
OURS = {
    "broker_message_max_bytes",
    "worker_lost_limit",
    "worker_prefetch_ahead_s",
    "plugins_disabled",
    "plugins_required",
}
DOCUMENTED_ELSEWHERE = {"result_backend_thread_safe"} | {
    f"worker_{name}" for name in ("executable", "gid", "logfile", "pidfile", "uid", "umask")
}


def as_json(value: object) -> object:
    return json.loads(json.dumps(value, default=str))


def test_the_names_are_celerys_and_a_few_of_our_own():
    assert set(kernel_options()) == set(CELERY) | OURS | DOCUMENTED_ELSEWHERE


@pytest.mark.parametrize("name", sorted(set(CELERY) - set(ON_PURPOSE)))
def test_the_default_is_celerys(name):
    assert as_json(kernel_options()[name].default()) == CELERY[name]["default"]


@pytest.mark.parametrize("name", sorted(CELERY))
def test_the_old_name_is_celerys(name):
    assert kernel_options()[name].old == CELERY[name]["old_name"]


def test_what_differs_differs_as_it_should():
    conf = Settings()
    assert (conf.worker_pool, conf.worker_autoscaler, conf.worker_consumer) == (None, None, None)
    assert conf.result_expires == timedelta(days=1)
    assert conf.result_backend_max_retries == float("inf")


def test_our_own_settings_have_their_defaults():
    conf = Settings()
    assert conf.broker_message_max_bytes == 64 * 1024 * 1024
    assert conf.worker_prefetch_ahead_s == 0.05
    assert conf.plugins_disabled == conf.plugins_required == ()


@pytest.mark.parametrize("settings_class", KERNEL.values())
def test_every_setting_is_documented_by_a_comment_above_it(settings_class):
    lines = inspect.getsource(settings_class).splitlines()
    fields = [(number, line.split(":")[0].strip()) for number, line in enumerate(lines) if re.match(r" {4}\w+: ", line)]
    undocumented = [name for number, name in fields if not lines[number - 1].strip().startswith("#: ")]
    assert undocumented == (["old_prefix"] if hasattr(settings_class, "old_prefix") else [])


@pytest.mark.parametrize("option", kernel_options().values(), ids=lambda option: option.name)
def test_every_default_has_the_type_that_is_written_beside_it(option):
    conf = Settings()
    default = option.default()
    if not option.gone:
        conf[option.name] = default
    assert conf[option.name] == Settings()[option.name]
