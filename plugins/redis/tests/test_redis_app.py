"""From an app's settings to the server."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured
from umbel_redis.transport import RedisTransport


def transport_of(**conf: Any) -> RedisTransport:
    app = Umbel("proj", **{name: conf.pop(name) for name in ("broker",) if name in conf})
    app.conf.update(conf)
    found = app.transport
    assert isinstance(found, RedisTransport)
    return found


@pytest.mark.parametrize("urls", ["sentinel://a:1;sentinel://b:2", ["sentinel://a:1", "sentinel://b:2"]])
def test_all_sentinels_of_the_broker_url_are_known(urls: Any) -> None:
    transport = transport_of(broker_url=urls, broker_transport_options={"master_name": "mine"})
    assert transport._server.location.addresses == (("a", 1), ("b", 2))


def test_what_celery_is_told_of_tls_holds_here() -> None:
    transport = transport_of(broker_url="redis://host", broker_use_ssl={"ssl_ca_certs": "/ca.pem"})
    assert transport._server.location.tls == {"ssl_ca_certs": "/ca.pem"}
    assert transport_of(broker_url="redis://host", broker_use_ssl=True)._server.location.tls == {}
    assert transport_of(broker_url="redis://host")._server.location.tls is None


def test_options_that_celery_knows_are_no_error() -> None:
    options = {
        "visibility_timeout": 43200,
        "fanout_prefix": True,
        "fanout_patterns": True,
        "global_keyprefix": "mine.",
        "queue_order_strategy": "priority",
        "priority_steps": list(range(10)),
        "sep": ":",
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "retry_on_timeout": True,
        "max_connections": 20,
        "health_check_interval": 25,
        "unacked_mutex_expire": 300,
        "client_name": "mine",
    }
    settings = transport_of(broker_url="redis://host", broker_transport_options=options).settings
    assert (settings.visibility_timeout, settings.sep, settings.priority_steps) == (43200, ":", list(range(10)))


def test_an_option_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ImproperlyConfigured, match="visibility_timout"):
        transport_of(broker_url="redis://host", broker_transport_options={"visibility_timout": 5})
