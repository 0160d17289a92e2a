"""`conf` as its users see it: names, ranks, views and errors."""

from __future__ import annotations

import threading

import pytest

from umbel.exceptions import ImproperlyConfigured
from umbel.settings import Override, Settings
from umbel.settings.schema import TaskSettings


@pytest.fixture
def conf() -> Settings:
    return Settings()


def test_a_setting_is_an_item_and_an_attribute(conf):
    assert conf.task_default_queue == conf["task_default_queue"] == conf.get("task_default_queue") == "celery"


def test_an_assignment_changes_it_and_deleting_takes_that_back(conf):
    conf.worker_concurrency = 8
    conf["task_serializer"] = "yaml"
    assert (conf.worker_concurrency, conf.task_serializer) == (8, "yaml")
    assert conf.changes == {"worker_concurrency": 8, "task_serializer": "yaml"}
    del conf["task_serializer"]
    assert conf.task_serializer == "json"


def test_old_names_reach_the_same_setting(conf):
    conf["CELERYD_CONCURRENCY"] = 3
    conf.update(CELERY_TASK_SERIALIZER="yaml")
    assert (conf.worker_concurrency, conf.CELERY_TASK_SERIALIZER) == (3, "yaml")


def test_later_ranks_beat_earlier_ones(conf, monkeypatch):
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    conf.add_defaults({"broker_url": "memory://added"})
    assert conf.broker_url == "memory://added"
    conf.read_object({"broker_url": "memory://configured"})
    assert conf.broker_url == "memory://configured"
    conf.broker_url = "memory://assigned"
    assert conf.broker_url == "memory://assigned"
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://celery")
    assert conf.broker_url == "memory://celery"
    monkeypatch.setenv("UMBEL_BROKER_URL", "memory://umbel")
    assert conf.broker_url == "memory://umbel"


def test_changes_stay_when_a_configuration_comes_later(conf):
    conf.update(task_serializer="yaml")
    conf.read_object({"task_serializer": "pickle", "task_track_started": True})
    assert (conf.task_serializer, conf.task_track_started) == ("yaml", True)


def test_a_second_configuration_replaces_the_first(conf):
    conf.read_object({"task_serializer": "yaml"})
    conf.read_object({"task_track_started": True})
    assert (conf.task_serializer, conf.task_track_started) == ("json", True)


def test_the_source_of_a_value_is_known(conf, monkeypatch):
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "memory://")
    conf.change({"worker_concurrency": 2}, "a keyword of Umbel()")
    conf.task_serializer = "yaml"
    assert conf.source_of("worker_concurrency") == "a keyword of Umbel()"
    assert conf.source_of("task_serializer") == "an assignment"
    assert conf.source_of("result_backend") == "the environment variable CELERY_RESULT_BACKEND"
    assert conf.source_of("task_compression") == "the default"


def test_settings_that_are_not_set_follow_another(conf):
    conf.update(task_default_queue="jobs", broker_url="memory://x")
    assert (conf.task_default_exchange, conf.task_default_routing_key) == ("jobs", "jobs")
    assert (conf.broker_read_url, conf.broker_write_url) == ("memory://x", "memory://x")
    conf.broker_read_url = "memory://replica"
    assert (conf.broker_read_url, conf.broker_write_url) == ("memory://replica", "memory://x")


def test_a_default_that_is_changed_in_place_stays_changed(conf):
    conf.broker_transport_options["lease_s"] = 5
    assert conf.broker_transport_options == {"lease_s": 5}
    assert Settings().broker_transport_options == {}


def test_an_update_is_taken_as_a_whole_or_not_at_all(conf):
    with pytest.raises(ImproperlyConfigured):
        conf.update({"task_serializer": "yaml"}, worker_concurrency="many")
    assert conf.task_serializer == "json"
    assert conf.changes == {}


def test_an_unknown_setting_is_refused_with_what_may_have_been_meant(conf):
    with pytest.raises(
        ImproperlyConfigured, match=r"'task_serialiser' \(from conf.update\(\)\): did you mean 'task_ser"
    ):
        conf.update(task_serialiser="json")
    with pytest.raises(ImproperlyConfigured, match="did you mean 'worker_concurrency'"):
        conf.concurrency = 3
    with pytest.raises(ImproperlyConfigured, match="did you mean 'task_acks_late'"):
        conf.update(acks_late=True)
    with pytest.raises(ImproperlyConfigured, match="no installed plugin has settings called frobnicate_…"):
        conf.change({"frobnicate_speed": 3}, "a keyword of Umbel()")


def test_reading_an_unknown_setting_says_what_may_have_been_meant(conf):
    with pytest.raises(AttributeError, match="did you mean 'task_serializer'"):
        _ = conf.task_serialiser
    with pytest.raises(KeyError, match="task_serialiser"):
        conf["task_serialiser"]
    assert conf.get("task_serialiser", 3) == 3
    assert not hasattr(conf, "frobnicate")


def test_a_wrong_type_is_refused_with_what_was_found_and_expected_and_where(conf):
    with pytest.raises(ImproperlyConfigured) as raised:
        conf.change({"worker_concurrency": "8"}, "a keyword of Umbel()")
    assert str(raised.value) == "worker_concurrency is '8' (str), from a keyword of Umbel(); expected int or None"
    with pytest.raises(ImproperlyConfigured, match=r"True \(bool\), from an assignment; expected int or None"):
        conf.worker_concurrency = True


def test_an_error_does_not_show_a_password(conf):
    with pytest.raises(ImproperlyConfigured) as raised:
        conf.broker_url = ["amqp://me:hunter2@host", 3]
    assert "hunter2" not in str(raised.value)


def test_an_empty_variable_says_nothing(conf, monkeypatch):
    monkeypatch.setenv("UMBEL_BROKER_URL", "")
    assert conf.broker_url is None


def test_a_part_of_a_broker_url_is_refused_with_what_to_do(conf):
    with pytest.raises(ImproperlyConfigured, match=r"broker_host \(from an assignment\).*write it into broker_url"):
        conf.broker_host = "localhost"


def test_the_command_line_is_text_and_counts_as_a_change(conf):
    conf.read_object({"worker_prefetch_multiplier": 8})
    conf.read_command_line(["worker.prefetch_multiplier=1", "task_track_started=yes", ".accept_content=json,yaml"])
    assert (conf.worker_prefetch_multiplier, conf.task_track_started) == (1, True)
    assert conf.accept_content == ["json", "yaml"]
    assert conf.source_of("task_track_started") == "the command line"
    conf.read_command_line([".concurrency=4"], namespace="worker")
    assert conf.worker_concurrency == 4


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("worker.concurrency=many", "worker_concurrency is 'many' .str., from the command line; expected int or None"),
        ("worker.concurency=4", "did you mean 'worker_concurrency'"),
        ("worker.concurrency", "SETTING=VALUE"),
    ],
)
def test_a_mistake_on_the_command_line_is_explained(conf, argument, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        conf.read_command_line([argument])


def test_it_is_a_mapping_of_every_setting(conf):
    assert len(conf) == len(dict(conf)) > 100
    assert "task_serializer" in conf
    assert "frobnicate" not in conf
    assert conf.setdefault("task_serializer", "yaml") == "json"
    conf.task_serializer = "yaml"
    assert conf.pop("task_serializer") == "yaml"
    assert conf.task_serializer == "json"


def test_an_option_is_found_by_its_parts(conf):
    prefix, key, option = conf.find_option("prefetch_multiplier")
    assert (prefix, key, option.default()) == ("worker", "prefetch_multiplier", 4)
    assert conf.find_option("serializer", "task")[:2] == ("task", "serializer")
    assert conf.get_by_parts("worker", "prefetch_multiplier") == 4
    assert conf.get_by_parts("", "enable_utc") is True
    with pytest.raises(KeyError):
        conf.find_option("frobnicate")


def test_a_copy_is_changed_apart(conf):
    conf.update(task_serializer="yaml")
    twin = conf.copy()
    twin.task_serializer = "pickle"
    assert (conf.task_serializer, twin.task_serializer) == ("yaml", "pickle")


def test_the_defaults_can_be_seen(conf):
    conf.add_defaults({"task_track_started": True})
    conf.task_serializer = "yaml"
    assert conf.defaults["task_serializer"] == "json"
    assert conf.defaults["task_track_started"] is True


def test_added_defaults_are_made_when_somebody_asks(conf):
    calls = []

    def defaults():
        calls.append(1)
        return {"task_default_queue": "jobs"}

    conf.add_defaults(defaults)
    assert calls == []
    assert conf.task_default_queue == "jobs"
    assert conf.task_default_exchange == "jobs"
    assert calls == [1]


def test_the_table_has_what_was_set_and_no_secrets(conf):
    conf.update(broker_url="amqp://me:hunter2@host//", broker_transport_options={"password": "hunter2", "lease_s": 3})
    assert conf.table() == {
        "broker_url": "amqp://me:********@host//",
        "broker_transport_options": {"password": "********", "lease_s": 3},
    }
    assert conf.table(censored=False)["broker_url"] == "amqp://me:hunter2@host//"
    assert conf.table(with_defaults=True)["task_serializer"] == "json"
    assert "hunter2" not in conf.humanize(with_defaults=True)
    assert conf.humanize().splitlines()[1] == "broker_url: 'amqp://me:********@host//'"


def test_a_section_of_the_kernel_is_an_instance_of_its_class(conf):
    conf.update(task_default_queue="jobs", task_acks_late=True)
    section = conf.section("task")
    assert isinstance(section, TaskSettings)
    assert (section.default_queue, section.default_exchange, section.acks_late) == ("jobs", "jobs", True)


def test_a_section_that_nobody_has_is_refused(conf):
    with pytest.raises(ImproperlyConfigured, match="no installed plugin has settings called frobnicate_…"):
        conf.section("frobnicate", Override({}, "a test"))


def test_threads_that_ask_first_at_once_all_see_the_whole_configuration(conf):
    entered, release = threading.Event(), threading.Event()

    def slow_defaults():
        entered.set()
        release.wait(10)
        return {"task_serializer": "yaml"}

    conf.add_defaults(slow_defaults)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(conf.task_serializer)) for _ in range(2)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(10)
    assert seen == ["yaml", "yaml"]
