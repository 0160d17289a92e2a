"""Waiting awake for an answer."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from umbel_redis.lookout import LOOKS, PATIENCE, REST, Lookout


class Eye:
    """A poll object of a connection, which counts."""

    def __init__(self, ours: socket.socket) -> None:
        self._poll = select.poll()
        self._poll.register(ours.fileno(), select.POLLIN)
        self.looks = 0

    def poll(self, timeout: float) -> object:
        self.looks += 1
        return self._poll.poll(timeout)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_an_answer_that_is_there_is_seen_at_the_first_look(pair: tuple[socket.socket, socket.socket]) -> None:
    eye = Eye(pair[0])
    pair[1].send(b"+OK\r\n")
    Lookout().look(eye)
    assert eye.looks == 1


def test_one_that_does_not_come_is_looked_for_so_often_and_then_slept_for(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    eye = Eye(pair[0])
    Lookout().look(eye)
    assert eye.looks == LOOKS


def test_who_has_looked_in_vain_for_some_calls_rests_for_many_and_tries_again(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    eye, lookout = Eye(pair[0]), Lookout()
    for _ in range(PATIENCE):
        lookout.look(eye)
    tried = eye.looks
    for _ in range(REST):
        lookout.look(eye)
    assert eye.looks == tried
    lookout.look(eye)
    lookout.look(eye)
    assert eye.looks > tried


def test_one_answer_in_time_makes_up_for_those_that_were_not(pair: tuple[socket.socket, socket.socket]) -> None:
    eye, lookout = Eye(pair[0]), Lookout()
    for _ in range(3):
        for _ in range(PATIENCE - 1):
            lookout.look(eye)
        pair[1].send(b"!")
        lookout.look(eye)
        pair[0].recv(1)
    before = eye.looks
    lookout.look(eye)
    assert eye.looks > before
