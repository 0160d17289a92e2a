from __future__ import annotations

from pathlib import Path

import pytest

from umbel.exceptions import ImproperlyConfigured
from umbel_sqlite.location import database_path


def test_a_name_is_a_file_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert database_path("sqlite://hello") == "/state/umbel/hello.db"


@pytest.mark.parametrize("state_home", ["", "relative"])
def test_without_a_usable_state_home_it_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, state_home: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", state_home)
    monkeypatch.setenv("HOME", "/elsewhere/me")
    assert database_path("sqlite://hello-2.v1") == "/elsewhere/me/.local/state/umbel/hello-2.v1.db"


def test_four_slashes_are_an_absolute_path() -> None:
    assert database_path("sqlite:////var/lib/x.db") == "/var/lib/x.db"


def test_three_slashes_are_a_path_from_where_the_process_is_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_path("sqlite:///sub/x.db") == str(tmp_path / "sub" / "x.db")


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/elsewhere/me")
    assert database_path("sqlite:///~/x.db") == "/elsewhere/me/x.db"


def test_percent_signs_stand_for_what_a_url_cannot_hold() -> None:
    assert database_path("sqlite:////a%20b%3F%C3%BC.db") == "/a b?ü.db"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite://a/b", "sqlite://../x", "sqlite://.hidden", "sqlite", "sqlite://a b"]
)
def test_a_url_of_no_known_form_is_refused_with_the_forms_that_are(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="expected sqlite://NAME") as caught:
        database_path(url)
    assert repr(url) in str(caught.value)


def test_a_database_in_memory_is_refused_with_what_to_use_instead() -> None:
    with pytest.raises(ImproperlyConfigured, match="memory://NAME"):
        database_path("sqlite:///:memory:")


def test_options_in_the_url_are_refused_with_where_they_belong() -> None:
    with pytest.raises(ImproperlyConfigured, match="sqlite_lease_s"):
        database_path("sqlite:////x.db?lease_s=3")
