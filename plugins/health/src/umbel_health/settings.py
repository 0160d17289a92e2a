"""The settings under the prefix `health_`."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen(kw_only=True)
class HealthSettings:
    #: Where `/live` and `/ready` are answered over HTTP, as `HOST:PORT`; `0.0.0.0:8080` for a kubelet. None: nowhere.
    address: str | None = None
    #: The file in which the answer stands, for `umbel health` and other exec probes; `%h` is the node's name, `%n` the
    #: part before its @. None: none.
    file: str | None = None
    #: Seconds without progress, although there is work, after which the worker says that it is stuck.
    stuck_after_s: float = field(default=60.0, validator=validators.gt(0))
