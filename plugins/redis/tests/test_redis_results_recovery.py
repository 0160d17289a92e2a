"""Servers that go away, freeze, change places or refuse to write: who waits for a result gets it, by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from umbel.exceptions import PermanentError, TemporaryError
from umbel.model import Record
from umbel.results.listener import ResultListener
from umbel_redis import channel, subscription
from umbel_redis.backend import RedisBackend
from umbel_redis.settings import RedisSettings

#: Seconds within which everything is as it was; the promise to users.
SOON_S = 5.0


@pytest.fixture
def open_backend() -> Iterator[Callable[..., RedisBackend]]:
    """A backend with these settings; closed at the end of the test."""
    opened: list[RedisBackend] = []

    def open_one(url: str, **settings: Any) -> RedisBackend:
        opened.append(RedisBackend(url, RedisSettings(**settings)))
        return opened[-1]

    yield open_one
    for backend in opened:
        backend.close()


@pytest.fixture
def expect() -> Iterator[Callable[[RedisBackend, str], Future[Record]]]:
    """Waits for a result as a client's `get()` does."""
    listeners: dict[int, ResultListener] = {}

    def wait_for(backend: RedisBackend, task_id: str) -> Future[Record]:
        return listeners.setdefault(id(backend), ResultListener(backend)).expect(task_id)

    yield wait_for
    for listener in listeners.values():
        listener.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    def wait(condition: Callable[[], Any], expected: str) -> Any:
        pause = threading.Event()
        for _ in range(2000):
            if answer := condition():
                return answer
            pause.wait(0.01)
        return pytest.fail(f"expected {expected}")

    return wait


def store(backend: RedisBackend, *task_ids: str) -> None:
    backend.store([Record(task_id, "SUCCESS", b"{}") for task_id in task_ids])


def subscribers(server: Any) -> list[dict[str, str]]:
    return [one for one in server.clients("pubsub") if int(one["sub"])]


def test_a_result_is_heard_of_after_the_server_was_restarted(own_server, open_backend, expect, eventually) -> None:
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    future = expect(waiting, "a")
    eventually(lambda: subscribers(own_server), "a subscription")
    own_server.stop()
    own_server.start()
    eventually(lambda: subscribers(own_server), "a new subscription")
    store(storing, "a")
    assert future.result(SOON_S).task_id == "a"


def test_a_result_that_came_while_nobody_listened_is_heard_of(own_server, open_backend, expect, eventually) -> None:
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    futures = [expect(waiting, str(number)) for number in range(50)]
    eventually(lambda: [one for one in subscribers(own_server) if one["sub"] == "50"], "a subscription")
    for number in range(50):
        own_server.call("CLIENT", "KILL", "TYPE", "pubsub")
        store(storing, str(number))
    assert [future.result(SOON_S).task_id for future in futures] == [str(number) for number in range(50)]


def test_a_killed_connection_is_opened_again(own_server, open_backend) -> None:
    backend = open_backend(own_server.url())
    store(backend, "a")
    own_server.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    store(backend, "b")
    own_server.kill()
    own_server.start()
    store(backend, "c")
    assert [one is None for one in backend.fetch(["a", "b", "c"])] == [True, True, False]


def test_a_script_that_the_server_has_forgotten_is_sent_again(own_server, open_backend) -> None:
    backend = open_backend(own_server.url())
    store(backend, "a")
    own_server.call("SCRIPT", "FLUSH")
    store(backend, "b")
    assert None not in backend.fetch(["a", "b"])


def test_a_server_that_froze_while_somebody_waited_is_asked_again(
    own_server, open_backend, expect, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "QUIET_S", 0.1)
    waiting = open_backend(own_server.url(), socket_timeout=0.2)
    storing = open_backend(own_server.url(), socket_timeout=0.2)
    future = expect(waiting, "a")
    (before,) = eventually(lambda: subscribers(own_server), "a subscription")
    own_server.freeze()
    with pytest.raises(TemporaryError):
        store(storing, "a")
    eventually(lambda: waiting._subscriptions and not open_channels(waiting), "the connection to be given up")
    own_server.thaw()
    eventually(lambda: [one for one in subscribers(own_server) if one["id"] != before["id"]], "a new subscription")
    store(storing, "a")
    assert future.result(SOON_S).task_id == "a"


def open_channels(backend: RedisBackend) -> list[Any]:
    return [one for one in backend._subscriptions if one._channel.is_open]


def test_a_paused_server_delivers_when_it_goes_on(own_server, open_backend, expect, eventually) -> None:
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    future = expect(waiting, "a")
    eventually(lambda: subscribers(own_server), "a subscription")
    storing.fetch(["a"])
    own_server.call("CLIENT", "PAUSE", 500, "ALL")
    store(storing, "a")
    assert future.result(SOON_S).task_id == "a"


def test_storing_without_a_server_fails_and_says_where(own_server, open_backend) -> None:
    backend = open_backend(own_server.url())
    store(backend, "a")
    own_server.stop()
    for call in (lambda: store(backend, "b"), lambda: backend.fetch(["a"]), lambda: backend.forget(["a"])):
        with pytest.raises(TemporaryError, match=f"127.0.0.1:{own_server.port}"):
            call()
    with pytest.raises(TemporaryError):
        backend.shared().claim("lock", "me", 10.0)


def test_waiting_without_a_server_ends_when_it_should(own_server, open_backend) -> None:
    """And it does not ask a hundred times a second whether there is one."""
    url = own_server.url()
    own_server.stop()
    listening = open_backend(url).subscribe()
    listening.add(["a"])
    failures = 0
    for _ in range(20):
        try:
            assert list(listening.receive(0.05)) == []
        except TemporaryError:
            failures += 1
    assert 1 <= failures < 6
    listening.wake()
    assert list(listening.receive(60.0)) == []


def test_a_wrong_password_is_said_to_who_waits(start_server, open_backend, expect) -> None:
    server = start_server("--requirepass", "secret", "--protected-mode", "no")
    future = expect(open_backend(server.url().replace("//", "//:wrong@")), "a")
    with pytest.raises(PermanentError, match="password in the URL is wrong"):
        future.result(SOON_S)


def test_a_server_that_became_a_replica_is_written_to_when_it_is_a_master_again(
    own_server, open_backend, expect
) -> None:
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    future = expect(waiting, "a")
    own_server.call("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(TemporaryError, match="replica"):
        store(storing, "a")
    own_server.call("REPLICAOF", "NO", "ONE")
    store(storing, "a")
    assert future.result(SOON_S).task_id == "a"


def test_after_a_failover_results_go_to_the_new_master_and_are_heard_of_there(
    start_server, open_backend, expect, eventually
) -> None:
    master = start_server()
    replica = start_server("--replicaof", "127.0.0.1", str(master.port))
    config = f"sentinel monitor umbel 127.0.0.1 {master.port} 1\nsentinel down-after-milliseconds umbel 300\n"
    sentinel = start_server("--sentinel", config=config)
    eventually(lambda: sentinel.call("SENTINEL", "REPLICAS", "umbel"), "the sentinel to see the replica")
    url = f"sentinel://127.0.0.1:{sentinel.port}/0"
    waiting, storing = (open_backend(url, master_name="umbel") for _ in range(2))
    future = expect(waiting, "a")
    eventually(lambda: subscribers(master), "a subscription")
    master.kill()
    eventually(lambda: subscribers(replica), "a subscription at the new master")
    eventually(lambda: stored(storing, "a"), "the result to be stored at the new master")
    assert future.result(SOON_S).task_id == "a"
    assert replica.call("EXISTS", "celery-task-meta-a") == 1


def stored(backend: RedisBackend, task_id: str) -> bool:
    try:
        store(backend, task_id)
    except TemporaryError:
        return False
    return True


def test_one_connection_serves_all_who_wait_and_none_is_left_when_nobody_does(
    own_server, open_backend, expect, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "LINGER_S", 0.05)
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    assert own_server.clients() == []
    first = expect(waiting, "0")
    eventually(lambda: subscribers(own_server), "a subscription")
    assert own_server.clients() == [], "one who waits for one result needs one connection"
    futures = [first, *(expect(waiting, str(number)) for number in range(1, 200))]
    eventually(lambda: [one for one in subscribers(own_server) if one["sub"] == "200"], "200 subscriptions")
    assert len(own_server.clients("pubsub")) == 1
    store(storing, *map(str, range(200)))
    for future in futures:
        future.result(SOON_S)
    eventually(lambda: not own_server.clients("pubsub"), "the connection to be closed")


def test_channels_that_nobody_listens_to_are_given_up(
    own_server, open_backend, expect, eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "QUIET_S", 0.05)
    waiting, storing = open_backend(own_server.url()), open_backend(own_server.url())
    expect(waiting, "stays")
    futures = [expect(waiting, str(number)) for number in range(100)]
    store(storing, *map(str, range(100)))
    for future in futures:
        future.result(SOON_S)
    eventually(lambda: [one["sub"] for one in subscribers(own_server)] == ["1"], "one subscription")


def test_closing_ends_a_wait(own_server, open_backend) -> None:
    listening = open_backend(own_server.url()).subscribe()
    listening.add(["a"])
    heard: list[Any] = []
    waiting = threading.Thread(target=lambda: heard.append(listening.receive(1000.0)))
    waiting.start()
    listening.close()
    waiting.join(SOON_S)
    assert not waiting.is_alive()
    assert list(heard[0]) == []
