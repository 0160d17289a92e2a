"""Bytes that were a message of Umbel's are written to the node again and again, and its confirms counted."""

from __future__ import annotations

from struct import unpack_from

from bare_rabbitmq_app import MESSAGE, _channel, _connection

#: Confirms for all that is written at once in bulk are taken in between.
_AT_ONCE = 200
#: basic.ack is a frame of so many bytes; the number of the last message that it confirms begins with the twelfth.
_ACK = 21

_socket = _connection.transport.sock
_numbers = [0, 0]  # of what was sent, and of what was confirmed


def _frames():
    """As py-amqp writes them."""
    written = []
    write, _connection.transport._write = _connection.transport._write, lambda data: written.append(bytes(data))
    _channel._basic_publish(MESSAGE, routing_key="bare", mandatory=True)
    _connection.transport._write = write
    return b"".join(written)


_channel.confirm_select()
FRAMES = _frames()
_socket.settimeout(60)


def _confirms():
    """Blocks for some."""
    data = _socket.recv(1 << 16)
    while len(data) % _ACK:
        data += _socket.recv(_ACK - len(data) % _ACK)
    for place in range(0, len(data), _ACK):
        _numbers[1] = max(_numbers[1], unpack_from(">Q", data, place + 11)[0])


def _send(count):
    _socket.sendall(FRAMES * count)
    _numbers[0] += count


def _wait():
    while _numbers[1] < _numbers[0]:
        _confirms()


def send():
    _send(1)
    _wait()


def send_many(n):
    for start in range(0, n, _AT_ONCE):
        _send(min(_AT_ONCE, n - start))
    _wait()


def send_together(who, n):
    at_once = int(who.split()[0])
    for _ in range(n // at_once):
        _send(at_once)
        _wait()
