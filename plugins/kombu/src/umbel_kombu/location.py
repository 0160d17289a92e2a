"""Where a URL says that the broker is, and which transport of kombu's speaks to it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from attrs import frozen
from kombu.transport import TRANSPORT_ALIASES, resolve_transport

from umbel.exceptions import ImproperlyConfigured
from umbel_kombu.kinds import KINDS, UNKNOWN, Kind
from umbel_kombu.settings import KombuSettings

#: Where a class of kombu's is used with a mend, by its path.
_OURS = {
    "kombu.transport.filesystem:Transport": "umbel_kombu.filesystem:FolderTransport",
    "kombu.transport.confluentkafka:Transport": "umbel_kombu.kafka:OffsetTransport",
    "kombu.transport.consul:Transport": "umbel_kombu.consul:LookingTransport",
    "kombu.transport.gcpubsub:Transport": "umbel_kombu.pubsub:ConfirmingTransport",
    "kombu.transport.pyro:Transport": "umbel_kombu.pyro:PyroTransport",
}


@frozen
class Location:
    #: What kombu is given.
    url: str
    #: The path of kombu's transport class.
    transport: str

    @property
    def name(self) -> str:
        """The last word of the module that has the class: `filesystem`, `SQS`."""
        parts = self.transport.replace(":", ".").split(".")
        return next((part for part in reversed(parts[:-1]) if part), self.transport)

    @property
    def kind(self) -> Kind:
        is_kombus = self.transport.startswith("kombu.transport.")
        return KINDS.get(self.name, UNKNOWN) if is_kombus else UNKNOWN

    def __str__(self) -> str:
        """For errors: no password."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}".partition("?")[0]

    def load(self) -> Any:
        """The class. Raises `ImproperlyConfigured`."""
        kind = self.kind
        if kind.client and not _is_there(kind.client):
            # Without its client many a transport of kombu's fails in a way that says nothing.
            raise ImproperlyConfigured(
                f"{self} needs {kind.client}, which is not installed: pip install umbel-kombu[{kind.extra}]"
            )
        try:
            return resolve_transport(_OURS.get(self.transport, self.transport))
        except (ImportError, AttributeError, KeyError, ValueError) as error:
            raise ImproperlyConfigured(f"{self}: kombu's transport {self.transport} cannot be used: {error}") from error


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:  # There is no package of that name.
        return False


def parse(url: str, settings: KombuSettings) -> Location:
    """Raises `ImproperlyConfigured`. `kombu+NAME://…` is kombu's transport NAME, `kombu://…` the class that the
    setting names."""
    scheme, separator, rest = url.partition("://")
    name, _, inner = scheme.partition("+")
    if name == "kombu" and inner:
        url = f"{inner}{separator}{rest}"
        name = inner.partition("+")[0]
    elif name == "kombu":
        if not settings.transport:
            raise ImproperlyConfigured(
                "kombu:// wants to know which transport: set kombu_transport = 'package.module:Class', or write "
                "kombu+NAME:// for one that kombu has a name for"
            )
        return Location(url, settings.transport)
    path = TRANSPORT_ALIASES.get(name)
    if path is None:
        known = ", ".join(sorted({each.lower() for each in TRANSPORT_ALIASES}))
        raise ImproperlyConfigured(f"{name}:// is no transport of kombu's; it has {known}")
    return Location(url, path)
