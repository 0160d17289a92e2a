"""The bytes of results in Redis: what Celery 5 writes and reads, and what stays out of its way."""

from __future__ import annotations

import bz2
import json
import lzma
import pickle
import socket
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import hiredis
import pytest

from umbel.contracts import Count
from umbel.exceptions import PermanentError
from umbel.model import Record
from umbel_redis import backend as backend_module
from umbel_redis.backend import RedisBackend
from umbel_redis.result_state import UNREADABLE, record_of, value_of
from umbel_redis.settings import RedisSettings

DAY_S = 86400.0
#: As Celery 5.7 was seen to write it.
CELERYS = (
    b'{"status": "SUCCESS", "result": {"status": "FAILURE"}, "traceback": null, "children": [],'
    b' "date_done": "2026-11-23T17:51:18.446299+00:00", "task_id": "a"}'
)
#: The same by other serializers, and by a worker of another language. `%s` is the state.
FORMS: dict[str, Callable[[str], bytes]] = {
    "celery": lambda state: b'{"status": "%b", "result": null}' % state.encode(),
    "compact": lambda state: b'{"status":"%b","result":null}' % state.encode(),
    "another order": lambda state: json.dumps({"task_id": "a", "result": {"status": "x"}, "status": state}).encode(),
    "pickle 2": lambda state: pickle.dumps({"status": state, "result": None}, protocol=2),
    "pickle 4": lambda state: pickle.dumps({"status": state, "result": None}, protocol=4),
    "msgpack": lambda state: b"\x82\xa6status%c%b\xa6result\xc0" % (0xA0 | len(state), state.encode()),
    "yaml": lambda state: f"children: null\nresult:\n  status: SUCCESS\nstatus: {state}\ntask_id: a\n".encode(),
    "opaque": lambda state: value_of(Record("a", state, b"\xff\x00")),
}


@pytest.fixture
def open_backend(url: str) -> Iterator[Callable[..., RedisBackend]]:
    opened: list[RedisBackend] = []

    def open_one(**settings: Any) -> RedisBackend:
        opened.append(RedisBackend(url, RedisSettings(**settings)))
        return opened[-1]

    yield open_one
    for backend in opened:
        backend.close()


@pytest.fixture
def backend(open_backend: Callable[..., RedisBackend]) -> RedisBackend:
    return open_backend()


@pytest.fixture
def redis(redis_server: Any, database: int) -> Callable[..., Any]:
    """Asks the database of this test."""
    return lambda *command: redis_server.call(*command, database=database)


def test_a_record_stands_where_celery_looks_for_it_for_as_long_as_celery_would_keep_it(backend, redis) -> None:
    backend.store([Record("a", "SUCCESS", CELERYS, DAY_S), Record("b", "SUCCESS", CELERYS, None)])
    assert redis("GET", "celery-task-meta-a") == CELERYS
    assert redis("TTL", "celery-task-meta-a") == 86400
    assert redis("TTL", "celery-task-meta-b") == -1
    assert sorted(redis("KEYS", "*")) == [b"celery-task-meta-a", b"celery-task-meta-b"]


def test_a_record_is_published_to_the_channel_that_celery_listens_to(backend, redis_server) -> None:
    with socket.create_connection(("127.0.0.1", redis_server.port), timeout=20) as listener:
        reader = hiredis.Reader()

        def hear() -> Any:
            while (reply := reader.gets()) is False:
                reader.feed(listener.recv(4096))
            return reply

        listener.sendall(hiredis.pack_command(("SUBSCRIBE", "celery-task-meta-wire")))
        assert hear()[0] == b"subscribe"
        backend.store([Record("wire", "STARTED", b'{"status": "STARTED"}'), Record("wire", "SUCCESS", CELERYS)])
        assert hear() == [b"message", b"celery-task-meta-wire", b'{"status": "STARTED"}']
        assert hear() == [b"message", b"celery-task-meta-wire", CELERYS]


def test_what_celery_stored_is_read_and_heard_of(backend, redis) -> None:
    listening = backend.subscribe()
    listening.add(["a", "b"])
    assert list(listening.receive(0.0)) == []
    redis("SETEX", "celery-task-meta-a", 86400, CELERYS)
    redis("PUBLISH", "celery-task-meta-a", CELERYS)
    (heard,) = listening.receive(20.0)
    assert (heard.task_id, heard.state, heard.payload) == ("a", "SUCCESS", CELERYS)
    (read,) = backend.fetch(["a"])
    assert (read.task_id, read.state, read.payload) == ("a", "SUCCESS", CELERYS)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "STARTED", "HALF"])
def test_the_state_of_a_record_is_read_off_every_form(form: Callable[[str], bytes], state: str) -> None:
    assert record_of("a", form(state)).state == state


@pytest.mark.parametrize("form", [form for name, form in FORMS.items() if name != "opaque"])
def test_a_payload_that_says_its_state_is_stored_as_it_is(form: Callable[[str], bytes]) -> None:
    assert value_of(Record("a", "FAILURE", form("FAILURE"))) == form("FAILURE")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_success_in_any_form_is_not_overwritten_but_anything_else_is(backend, redis, form) -> None:
    for old, kept in (("SUCCESS", form("SUCCESS")), ("FAILURE", b'{"status": "RETRY"}')):
        redis("SET", "celery-task-meta-a", form(old))
        backend.store([Record("a", "RETRY", b'{"status": "RETRY"}')])
        assert redis("GET", "celery-task-meta-a") == kept


@pytest.mark.parametrize(
    ("content_type", "compress"),
    [("application/x-gzip", zlib.compress), ("application/x-bz2", bz2.compress), ("application/x-lzma", lzma.compress)],
)
def test_what_celery_compressed_is_read_and_heard_of(backend, redis, content_type: str, compress) -> None:
    redis(
        "SET", "celery-task-meta-a", b"\x00celery-compressed\x00%b\x00%b" % (content_type.encode(), compress(CELERYS))
    )
    (read,) = backend.fetch(["a"])
    assert (read.state, read.payload) == ("SUCCESS", CELERYS)
    listening = backend.subscribe()
    listening.add(["a"])
    (heard,) = listening.receive(20.0)
    assert (heard.state, heard.payload) == ("SUCCESS", CELERYS)


@pytest.mark.parametrize("data", [b"", b"no zlib", zlib.compress(CELERYS)[:-8]], ids=["nothing", "noise", "cut"])
def test_what_is_damaged_is_not_decompressed(data: bytes) -> None:
    value = b"\x00celery-compressed\x00application/x-gzip\x00" + data
    record = record_of("a", value)
    assert (record.state, record.payload) == (UNREADABLE, value)


def test_what_nobody_can_read_is_handed_to_who_waits(backend, redis) -> None:
    """Its reader then says what is wrong; nobody waits for ever."""
    redis("SET", "celery-task-meta-a", b"\x00celery-compressed\x00\x10application/x-gzip\x1f\x8b")
    listening = backend.subscribe()
    listening.add(["a"])
    (heard,) = listening.receive(20.0)
    assert heard.state == UNREADABLE


@pytest.mark.parametrize(("said", "prefix"), [("app", "app_"), ("app:", "app:"), ("app.", "app."), ("", "")])
def test_the_global_prefix_stands_before_every_key_as_with_celery(open_backend, redis, said: str, prefix: str) -> None:
    backend = open_backend(global_keyprefix=said)
    listening = backend.subscribe()
    listening.add(["a"])
    listening.receive(0.0)
    backend.store([Record("a", "SUCCESS", CELERYS)])
    assert [one.task_id for one in listening.receive(20.0)] == ["a"]
    shared = backend.shared()
    shared.put("celery-taskset-meta-g.s", b"2")
    shared.tally("celery-taskset-meta-g", "t:0", b"1")
    shared.claim("beat", "me", 60.0)
    names = ["celery-task-meta-a", "celery-taskset-meta-g.d", "celery-taskset-meta-g.j", "celery-taskset-meta-g.s"]
    assert sorted(redis("KEYS", "*")) == sorted(f"{prefix}{name}".encode() for name in [*names, "umbel.claim.beat"])


def test_the_header_of_a_chord_is_counted_where_celery_counts_it(backend, redis) -> None:
    shared, chord = backend.shared(), "celery-taskset-meta-g"
    shared.put(f"{chord}.s", b"3", DAY_S)
    # What a Celery worker does for the second of three.
    redis("ZADD", f"{chord}.j", 1, '[1, "t1", "SUCCESS", 11]')
    redis("SADD", f"{chord}.d", "t1:1")
    assert shared.tally(chord, "t0:0", b'[1, "t0", "SUCCESS", 10]', DAY_S) == 2
    assert shared.tally(chord, "t1:1", b'[1, "t1", "SUCCESS", "run twice"]', DAY_S) == 2
    assert shared.tally(chord, "t2:2", b'[1, "t2", "SUCCESS", 12]', DAY_S) == 3
    assert list(shared.tallied(chord).items()) == [
        ("t0:0", b'[1, "t0", "SUCCESS", 10]'),
        ("t1:1", b'[1, "t1", "SUCCESS", 11]'),
        ("t2:2", b'[1, "t2", "SUCCESS", 12]'),
    ]
    assert {redis("TTL", f"{chord}{part}") for part in (".j", ".d", ".s")} == {86400}
    assert shared.claim(chord, "token", 10.0)
    assert redis("GET", f"{chord}.c") == b"token"


def test_a_late_copy_does_not_bring_back_a_chord_that_is_over(backend, redis) -> None:
    shared, chord = backend.shared(), "celery-taskset-meta-g"
    shared.tally(chord, "t0:0", b"0", DAY_S)
    shared.delete([chord, f"{chord}.s", f"{chord}.t"])
    shared.put(f"{chord}.c", b"done", 300.0)
    assert shared.tally(chord, "t0:0", b"0", DAY_S) == 0
    assert redis("KEYS", "*") == [b"celery-taskset-meta-g.c"]


def test_a_chord_without_an_order_is_a_list_as_with_celery(open_backend, redis) -> None:
    shared, chord = open_backend(result_chord_ordered=False).shared(), "celery-taskset-meta-g"
    assert [shared.tally(chord, member, member.encode()) for member in ("b:1", "a:0", "b:1")] == [1, 2, 2]
    assert redis("LRANGE", f"{chord}.j", 0, -1) == [b"b:1", b"a:0"]
    assert list(shared.tallied(chord).values()) == [b"b:1", b"a:0"]


@pytest.mark.parametrize(("ordered", "expected"), [(True, [b"a:0", b"b:1"]), (False, [b"b:1", b"a:0"])])
def test_a_header_is_counted_where_celerys_workers_count_it(open_backend, redis, ordered: bool, expected: Any) -> None:
    shared, chord = open_backend(result_chord_ordered=ordered).shared(), "celery-taskset-meta-g"
    headers = shared.headers()
    headers.begin(chord, 2, {}, (), DAY_S)
    assert redis("GET", f"{chord}.s") == b"2"
    assert list(headers.count([Count(chord, {"b:1": b"b:1"})], "me", DAY_S, DAY_S)) == [None]
    # The other one is counted by a worker of Celery's: it looks how many there are, and it is one too few.
    redis("SADD", f"{chord}.d", "a:0")
    redis("ZADD", f"{chord}.j", 0, "a:0") if ordered else redis("RPUSH", f"{chord}.j", "a:0")
    ((members, _),) = headers.count([Count(chord, {})], "me", DAY_S, DAY_S)
    assert list(members.values()) == expected
    assert redis("GET", f"{chord}.c") == b"me"
    headers.end([chord], [], 300.0)
    assert redis("KEYS", "*") == [f"{chord}.c".encode()]
    assert 0 < redis("PTTL", f"{chord}.c") <= 300_000


def test_a_batch_of_any_size_is_stored_in_steps_that_hold_up_nobody(
    backend, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.store([Record("first", "SUCCESS", b"")])  # The server knows the script.
    monkeypatch.setattr(backend_module, "BYTES_AT_ONCE", 1000)
    before = scripts_run(redis)
    backend.store([Record(str(number), "SUCCESS", b"x" * 300) for number in range(20)])
    assert redis("DBSIZE") == 21
    assert scripts_run(redis) - before == 5


def scripts_run(redis: Callable[..., Any]) -> int:
    lines = redis("INFO", "commandstats").decode().splitlines()
    (line,) = [line for line in lines if line.startswith("cmdstat_evalsha:")]
    return int(line.partition("calls=")[2].partition(",")[0])


def test_a_key_of_another_type_is_an_error_that_says_so(backend, redis) -> None:
    redis("LPUSH", "celery-task-meta-a", "x")
    with pytest.raises(PermanentError, match="another program uses this key"):
        backend.store([Record("a", "SUCCESS", CELERYS)])
    assert list(backend.fetch(["a"])) == [None]


def test_a_record_that_redis_cannot_hold_is_refused(backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_module, "LARGEST", 10)
    with pytest.raises(PermanentError, match="result of task a has"):
        backend.store([Record("a", "SUCCESS", CELERYS)])


def test_thousands_who_wait_are_told_to_the_server_in_steps(backend) -> None:
    listening = backend.subscribe()
    listening.add(["first"])
    listening.receive(0.0)
    ids = [f"many-{number}" for number in range(5000)]
    backend.store([Record(one, "SUCCESS", CELERYS) for one in ids[:2500]])
    listening.add(ids)
    heard = []
    while len(heard) < 2500:
        heard += listening.receive(20.0)
    backend.store([Record(one, "SUCCESS", CELERYS) for one in ids[2500:]])
    while len(heard) < 5000:
        heard += listening.receive(20.0)
    assert sorted(one.task_id for one in heard) == sorted(ids)
