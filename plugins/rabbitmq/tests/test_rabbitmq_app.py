"""From an app's settings to the broker."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured
from umbel.worker import Worker
from umbel_rabbitmq.transport import RabbitmqTransport


def transport_of(**conf: Any) -> RabbitmqTransport:
    app = Umbel("proj", broker=conf.pop("broker", "amqp://host"))
    app.conf.update(conf)
    found = app.transport
    assert isinstance(found, RabbitmqTransport)
    return found


def test_what_celery_is_told_of_queues_and_connections_holds_here() -> None:
    settings = transport_of(
        task_queues={"video": {"exchange": "media", "routing_key": "media.video"}},
        task_queue_max_priority=9,
        task_default_queue_type="quorum",
        broker_heartbeat=30,
        broker_connection_timeout=2,
        broker_login_method="PLAIN",
        broker_native_delayed_delivery_queue_type="classic",
    ).settings
    assert (settings.queue_max_priority, settings.heartbeat, settings.connection_timeout) == (9, 30, 2)
    assert (settings.default_queue_type, settings.login_method) == ("quorum", "PLAIN")
    assert settings.native_delayed_delivery_queue_type == "classic"
    assert list(settings.queues) == ["video"]


def test_what_is_not_set_is_this_drivers_own_default() -> None:
    assert transport_of().settings.heartbeat == 10


def test_a_wrong_value_is_told_with_where_it_is_from() -> None:
    with pytest.raises(ImproperlyConfigured, match="task_queue_max_priority"):
        transport_of(task_queue_max_priority="many")


def test_an_option_counts_more_than_a_setting() -> None:
    assert transport_of(broker_heartbeat=30, broker_transport_options={"heartbeat": 7}).settings.heartbeat == 7


def test_options_that_celery_knows_are_no_error() -> None:
    options = {"confirm_publish": True, "max_retries": 3, "interval_start": 0, "interval_step": 0.2, "read_timeout": 5}
    transport_of(broker_transport_options={**options, "interval_max": 0.5, "write_timeout": 5})


def test_an_option_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ImproperlyConfigured, match="confirm_publis"):
        transport_of(broker_transport_options={"confirm_publis": True})


def test_a_setting_that_has_an_effect_here_is_not_said_to_have_none(caplog: pytest.LogCaptureFixture) -> None:
    app = Umbel("proj", broker="amqp://host")
    app.conf.update(broker_heartbeat=30, broker_pool_limit=3)
    Worker(app, pool="solo")
    assert "broker_pool_limit has no effect" in caplog.text
    assert "broker_heartbeat" not in caplog.text


def test_priorities_are_a_feature_where_queues_have_them() -> None:
    assert "priority" not in transport_of().features
    assert "priority" in transport_of(task_queue_max_priority=9).features
