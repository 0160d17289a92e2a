"""What is masked when settings are shown."""

from __future__ import annotations

import pytest

from umbel.settings.censor import MASK, censored


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://me:hunter2@host//", f"amqp://me:{MASK}@host//"),
        ("redis://:hunter2@host/0", f"redis://:{MASK}@host/0"),
        ("redis://:hun/ter@2@host/0", f"redis://:{MASK}@host/0"),
        ("amqp://a:hun;ter2@h;amqp://b:hunter2@i", f"amqp://a:{MASK}@h;amqp://b:{MASK}@i"),
        ("redis://host?password=hunter2&lease_s=3", f"redis://host?password={MASK}&lease_s=3"),
        ("amqp://host:5672//", "amqp://host:5672//"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_passwords_in_urls_are_masked(url, shown):
    assert censored("broker_url", url) == shown


@pytest.mark.parametrize("name", ["redis_password", "s3_secret_access_key", "API_TOKEN", "auth", "security_key"])
def test_values_whose_name_says_secret_are_masked(name):
    assert censored(name, "hunter2") == MASK
    assert censored(name, None) is None


@pytest.mark.parametrize("name", ["task_default_routing_key", "keyspace", "task_serializer", "bypass"])
def test_other_values_are_shown(name):
    assert censored(name, "hunter2") == "hunter2"


def test_collections_are_masked_inside():
    value = {"urls": ["amqp://me:hunter2@host"], "ssl": {"keyfile": "x", "key_password": "hunter2"}}
    assert censored("broker_transport_options", value) == {
        "urls": [f"amqp://me:{MASK}@host"],
        "ssl": {"keyfile": "x", "key_password": MASK},
    }
