"""What kombu and the clients under it raise, as one of the two errors that the kernel knows."""

from __future__ import annotations

from umbel.exceptions import DriverError, ImproperlyConfigured, PermanentError, TemporaryError
from umbel_kombu.location import Location

#: What trying again does not help against, by the names of the classes: importing every client would take seconds.
_PERMANENT = frozenset(
    {
        "AccessDeniedQueueException",
        "ArgumentError",
        "ClientAuthenticationError",
        "InvalidCredentials",
        "InvalidQueueException",
        "NoCredentialsError",
        "NoSuchModuleError",
        "NotEquivalentError",
        "ProgrammingError",
        "UndefinedQueueException",
        "PermissionDenied",
    }
)


def translated(error: Exception, location: Location) -> Exception:
    """The error for the kernel: where, what, and what to do where that is known."""
    if isinstance(error, (DriverError, ImproperlyConfigured)):
        return error
    text = f"{location}: {type(error).__name__}: {error}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, FileNotFoundError):
            return PermanentError(
                f"{text} ({cause.filename}): create the folders that broker_transport_options names "
                "(data_folder_in, data_folder_out)"
            )
        if type(cause).__name__ in _PERMANENT:
            return PermanentError(text)
        cause = cause.__cause__
    return TemporaryError(text)
