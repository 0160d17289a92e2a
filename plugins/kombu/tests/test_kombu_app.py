"""From an app's settings through a real worker, and what is said when something is wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured, PermanentError
from umbel.model import Message
from umbel_kombu.transport import KombuTransport

PROJECT = """
    from pathlib import Path
    from umbel import Umbel

    app = Umbel("proj", broker={broker!r})
    app.conf.broker_transport_options = {options!r}
    app.conf.worker_pool = "solo"
    done = Path({done!r})

    @app.task
    def note(text):
        with done.open("a") as file:
            file.write(text + chr(10))

    @app.task(bind=True, max_retries=1)
    def again(self):
        if not self.request.retries:
            raise self.retry(countdown=0.2)
        note("again")

    if __name__ == "__main__":
        import threading
        from umbel.worker import Worker

        worker = Worker(app, concurrency=1)

        def stop_when_done():
            pause = threading.Event()
            while not (done.exists() and done.read_text().count(chr(10)) >= 4):
                pause.wait(0.05)
            worker.stop()

        note.delay("one")
        note.apply_async(("later",), countdown=0.3)
        note.apply_async(("elsewhere",), queue="celery", exchange="shop", routing_key="orders")
        again.delay()
        threading.Thread(target=stop_when_done, daemon=True).start()
        raise SystemExit(worker.run())
"""


@pytest.mark.parametrize("broker", ["filesystem://", "sqla+sqlite:///{place}/queues.db", "kombu+memory://"])
def test_a_worker_runs_tasks_also_those_that_the_broker_cannot_delay(
    broker: str, folders: dict[str, Any], tmp_path: Path
) -> None:
    done = tmp_path / "done"
    options = folders if broker == "filesystem://" else {}
    source = PROJECT.format(broker=broker.format(place=tmp_path), options=options, done=str(done))
    (tmp_path / "proj.py").write_text(textwrap.dedent(source))
    ran = subprocess.run(
        [sys.executable, "proj.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sorted(done.read_text().split()) == ["again", "elsewhere", "later", "one"]


def transport_of(url: str, **conf: Any) -> KombuTransport:
    app = Umbel("proj", broker=url)
    app.conf.update(conf)
    found = app.transport
    assert isinstance(found, KombuTransport)
    return found


def test_options_are_handed_on_to_kombus_transport() -> None:
    found = transport_of("sqs://", broker_transport_options={"region": "eu-west-1", "polling_interval": 3.0})
    assert found.settings.polling_interval == 3.0
    assert found.settings.options == {"region": "eu-west-1"}


def test_the_features_are_those_of_the_broker() -> None:
    assert transport_of("filesystem://").features == {"across_processes", "durable"}
    assert "lease" in transport_of("sqs://").features
    assert transport_of("kombu+memory://").features == {"ordered"}


def test_a_visibility_timeout_is_the_lease() -> None:
    assert transport_of("sqs://").lease_s == 60.0
    assert transport_of("sqs://", kombu_lease_s=0.5).lease_s == 1.0
    assert transport_of("sqs://", broker_transport_options={"visibility_timeout": 300}).lease_s == 300.0


def test_a_transport_that_kombu_has_no_name_for_is_named_by_its_class() -> None:
    found = transport_of("kombu://", kombu_transport="kombu.transport.memory:Transport")
    found.publish([Message("named by its class", b"hello")])
    assert found.reserve(["named by its class"], 1, 0.0)[0].message.body == b"hello"
    found.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kombu://", "kombu_transport = 'package.module:Class'"),
        ("kombu+nothing://", "nothing:// is no transport of kombu's; it has .*sqs"),
    ],
)
def test_a_transport_that_is_not_there_is_an_error_that_says_what_is(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        transport_of(url)


def test_a_class_that_cannot_be_imported_is_named() -> None:
    found = transport_of("kombu://host", kombu_transport="no.such.module:Transport")
    with pytest.raises(ImproperlyConfigured, match="module:Transport cannot be used"):
        found.publish([Message("q", b"")])


def test_a_missing_client_says_what_to_install() -> None:
    found = transport_of("slmq://user:secret@host")
    with pytest.raises(
        ImproperlyConfigured, match=r"softlayer_messaging, which is not installed: pip install umbel-kombu\[slmq\]"
    ) as raised:
        found.publish([Message("q", b"")])
    assert "secret" not in str(raised.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    away = str(tmp_path / "away")
    found = transport_of("filesystem://", broker_transport_options={"data_folder_in": away, "data_folder_out": away})
    with pytest.raises(PermanentError, match=r"away.*create the folders"):
        found.publish([Message("q", b"")])
