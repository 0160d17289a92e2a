"""What the broker and py-amqp say, in words that help, as errors that the kernel knows.

Importing py-amqp takes a while, so its classes are told by their names.
"""

from __future__ import annotations

from umbel.exceptions import DriverError, PermanentError, TemporaryError


class UnroutableError(PermanentError):
    """No queue is bound so that it would get the message: the broker has given it back."""


class RefusedError(TemporaryError):
    """The broker did not take the message: its queue is full, or has no leader just now."""


class BlockedError(TemporaryError):
    """The broker takes nothing from publishers: it is short of memory or disk."""


class GoneError(TemporaryError):
    """The connection was lost."""


#: What is known by a part of the text, and what to do about it.
_KNOWN: tuple[tuple[str, type[DriverError], str], ...] = (
    ("ACCESS_REFUSED - Login was refused", PermanentError, "the user name or the password in the URL is wrong"),
    ("ACCESS_REFUSED - access to", PermanentError, "this user may not do that: see rabbitmqctl list_permissions"),
    ("ACCESS_REFUSED - operation not permitted", PermanentError, "names that begin with amq. are the broker's own"),
    ("NOT_ALLOWED - vhost", PermanentError, "the URL names a virtual host that does not exist: rabbitmqctl add_vhost"),
    ("NOT_ALLOWED - access to vhost", PermanentError, "this user may not use it: rabbitmqctl set_permissions"),
    ("inequivalent arg", PermanentError, "it exists, and is not what the settings say: change them, or delete it"),
    ("delivery acknowledgement on channel", TemporaryError, "tell umbel the broker's consumer_timeout, in seconds"),
    ("unknown delivery tag", TemporaryError, "the channel is replaced, and what it held comes back"),
    ("RESOURCE_LOCKED", PermanentError, "another connection has it for itself alone"),
    ("NOT_FOUND - no queue", TemporaryError, "it was deleted, or its node is down"),
    ("NOT_FOUND - no exchange", PermanentError, "declare it first, or name it in task_queues"),
    ("CONNECTION_FORCED", TemporaryError, "an operator, or a shutdown, has closed the connection"),
    ("certificate verify failed", PermanentError, "name who signed the server's: broker_use_ssl = {'ca_certs': …}"),
    ("WRONG_VERSION_NUMBER", PermanentError, "the server does not speak TLS there: use amqp://, or its TLS port"),
)

_PERMANENT = frozenset(
    """AccessRefused NotAllowed InvalidPath PreconditionFailed FrameSyntaxError InvalidCommand
    AMQPNotImplementedError ContentTooLarge""".split()  # noqa: SIM905  (reads better as words)
)


def translated(error: Exception, where: object) -> DriverError:
    """The error for the kernel: what, where, what to do."""
    if isinstance(error, DriverError):
        return error
    text = getattr(error, "reply_text", None) or str(error) or type(error).__name__
    if isinstance(error, (TimeoutError, BlockingIOError)):
        text = "no answer in time"
    for part, kind, advice in _KNOWN:
        if part in str(text):
            return kind(f"{where}: {text}: {advice}")
    kind = PermanentError if type(error).__name__ in _PERMANENT else GoneError
    return kind(f"{where}: {text}")
