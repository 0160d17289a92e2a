"""What the server and redis-py say, in words that help, as one of the two errors that the kernel knows."""

from __future__ import annotations

import re

from umbel.exceptions import DriverError, PermanentError, TemporaryError

#: What Redis 6.2 puts before the error of a command that a script has called.
_OF_SCRIPT = re.compile(r"ERR Error running script \(.*?\): (?:@user_script: ?\d+: )+-?")


class ErrorReply(Exception):
    """An answer of the server that is an error; its text begins with a code in capitals."""

    def __init__(self, text: str) -> None:
        super().__init__(_OF_SCRIPT.sub("", text, count=1))

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]


#: The server that is connected to cannot do it, and another one, or this one later, can: look again where it is.
GONE = frozenset({"READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN", "UNBLOCKED"})

_WANTS_PASSWORD = "it wants a password: redis://:password@host, or redis://user:password@host"
#: By code (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors), else by a part of the text.
_KNOWN: tuple[tuple[str, type[DriverError], str], ...] = (
    ("READONLY", TemporaryError, "it is a replica now; the next call looks for the master"),
    ("LOADING", TemporaryError, "it has just been started"),
    ("MASTERDOWN", TemporaryError, "it has lost its master"),
    ("CLUSTERDOWN", TemporaryError, "some of the cluster's slots are served by nobody"),
    ("TRYAGAIN", TemporaryError, "the cluster is moving these keys"),
    ("MOVED", TemporaryError, "the cluster has moved these keys; the next call asks where they are"),
    ("ASK", TemporaryError, "the cluster is moving these keys"),
    ("BUSY", TemporaryError, "somebody's script runs for too long"),
    ("OOM", TemporaryError, "its memory is full (maxmemory): make room, or give it more"),
    ("MISCONF", TemporaryError, "it cannot save to its disk: see its log"),
    ("NOREPLICAS", TemporaryError, "it has fewer replicas than it must have to write (min-replicas-to-write)"),
    ("NOAUTH", PermanentError, _WANTS_PASSWORD),
    ("Authentication required", PermanentError, _WANTS_PASSWORD),
    ("WRONGPASS", PermanentError, "the user name or the password in the URL is wrong, or the user is disabled"),
    ("NOPERM", PermanentError, "this user may not do that: see ACL LIST on the server"),
    ("WRONGTYPE", PermanentError, "another program uses this key for something else: name another queue or database"),
    ("max number of clients", TemporaryError, "raise maxclients on the server, or close some"),
    ("DB index is out of range", PermanentError, "use a database number below the server's `databases`"),
    ("without any password configured", PermanentError, "take the password out of the URL"),
    ("invalid password", PermanentError, "the password in the URL is wrong"),
    # What redis-py makes of WRONGPASS, without the code.
    ("invalid username-password pair", PermanentError, "the user name or the password in the URL is wrong"),
    ("certificate verify failed", PermanentError, "set ssl_ca_certs to the certificate of who signed the server's"),
    ("WRONG_VERSION_NUMBER", PermanentError, "the server does not speak TLS there: use redis://, or its TLS port"),
    ("unknown command", PermanentError, "umbel-redis needs Redis 6.2 or later, or Valkey"),
)


def translated(error: Exception, where: object) -> DriverError:
    """The error for the kernel: what, where, what to do."""
    if isinstance(error, DriverError):
        return error
    text = str(error) or type(error).__name__
    for part, kind, advice in _KNOWN:
        if text.startswith(part) or (" " in part and part in text) or (part == "WRONG_VERSION_NUMBER" and part in text):
            return kind(f"{where}: {text}: {advice}")
    if isinstance(error, ErrorReply):
        return PermanentError(f"{where}: {text}")
    return TemporaryError(f"{where}: {text}")
