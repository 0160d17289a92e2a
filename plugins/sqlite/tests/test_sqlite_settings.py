from __future__ import annotations

from typing import Any

import pytest

from umbel_sqlite.plugin import umbel_backend, umbel_transport
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous", "sometimes"),
        ("lease_s", 0),
        ("busy_timeout_s", -1),
        ("poll_s", 0),
        ("max_dead_letters", -1),
        ("fanout_window_s", 0),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        SqliteSettings(**{name: value})


def test_the_lease_is_what_the_settings_say() -> None:
    assert SqliteTransport("sqlite://x").lease_s == 10.0
    assert SqliteTransport("sqlite://x", SqliteSettings(lease_s=3.0)).lease_s == 3.0


@pytest.mark.parametrize(("setting", "level"), [("off", 0), ("normal", 1), ("full", 2)])
def test_synchronous_is_what_the_settings_say(url: str, setting: Any, level: int) -> None:
    transport = SqliteTransport(url, SqliteSettings(synchronous=setting))
    assert transport._database.query("PRAGMA synchronous") == [(level,)]
    transport.close()


def test_building_a_driver_touches_no_file(url: str, tmp_path: Any) -> None:
    umbel_transport()(url)
    umbel_backend()(url)
    assert list(tmp_path.iterdir()) == []
