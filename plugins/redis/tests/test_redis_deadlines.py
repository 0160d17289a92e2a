"""Nobody who publishes hangs: with the server down, frozen, or out of reach, there is an error within the deadline.

The deadline: a first try, then tries for `broker_connection_timeout` together, each as long as the socket's timeouts,
and the pauses of `task_publish_retry_policy`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import OperationalError

#: All timeouts here, and the deadline that follows from them with the policy's pauses of 0.6 s in all.
SOON_S = 0.4
DEADLINE_S = 2 * SOON_S + 0.6
#: What a machine with other things to do may add: less than another try of each caller would.
SLACK_S = 2.0
CALLERS = 10


def app_on(url: str, **conf: Any) -> Umbel:
    app = Umbel("proj", broker=url)
    app.conf.update({"broker_connection_timeout": SOON_S, "redis_socket_timeout": SOON_S, **conf})
    return app


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < DEADLINE_S + SLACK_S


def fails(call: Callable[[], object]) -> None:
    with pytest.raises(OperationalError, match=r"Redis at 127\.0\.0\.1"):
        call()


@pytest.mark.parametrize("known", [True, False], ids=["after another call", "at the first call"])
@pytest.mark.parametrize("trouble", ["freeze", "kill"])
def test_a_call_fails_in_time_when_the_server_is_gone(own_server: Any, trouble: str, known: bool) -> None:
    app = app_on(own_server.url())
    if known:
        app.send_task("add")
    getattr(own_server, trouble)()
    with in_time():
        fails(lambda: app.send_task("add"))
    app.close()


def test_many_callers_fail_together_and_not_one_after_the_other(own_server: Any) -> None:
    app = app_on(own_server.url())
    app.send_task("add")
    own_server.freeze()
    failed = []

    def call() -> None:
        try:
            app.send_task("add")
        except OperationalError as error:
            failed.append(error)

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    with in_time():
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert len(failed) == CALLERS
    app.close()


def test_coroutines_fail_together(own_server: Any) -> None:
    app = app_on(own_server.url())

    @app.task
    def add() -> None: ...

    async def call_all() -> list[Any]:
        return await asyncio.gather(*(add.adelay() for _ in range(CALLERS)), return_exceptions=True)

    own_server.freeze()
    with in_time():
        found = asyncio.run(call_all())
    assert [isinstance(one, OperationalError) for one in found] == [True] * CALLERS
    app.close()


def test_a_host_that_takes_no_connection_is_given_up_after_the_connection_timeout() -> None:
    with ExitStack() as held, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # They fill its queue, and what comes then is not answered.
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        app = app_on(f"redis://127.0.0.1:{listener.getsockname()[1]}", redis_socket_timeout=60.0)
        with in_time():
            fails(lambda: app.send_task("add"))
        app.close()


def test_a_call_goes_through_when_the_server_is_back_before_the_deadline(own_server: Any) -> None:
    app = app_on(own_server.url(), broker_connection_timeout=20.0)
    app.send_task("add")
    own_server.freeze()
    threading.Timer(SOON_S * 1.5, own_server.thaw).start()
    app.send_task("add")
    assert app.transport.admin().depth("celery").ready >= 2
    app.close()


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ({}, 4.0),
        ({"broker_connection_timeout": 1.5}, 1.5),
        ({"broker_connection_timeout": 1.5, "redis_socket_connect_timeout": 2.5}, 2.5),
        ({"broker_connection_timeout": 1.5, "broker_transport_options": {"socket_connect_timeout": 3.5}}, 3.5),
        ({"broker_connection_timeout": None}, None),
    ],
)
def test_the_time_for_a_connection_is_celerys_setting_or_one_that_is_more_precise(conf: Any, expected: Any) -> None:
    app = Umbel("proj", broker="redis://host")
    app.conf.update(conf)
    assert app.transport.settings.socket_connect_timeout == expected
