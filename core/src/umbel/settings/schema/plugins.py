"""Settings that begin with `plugins_`."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True, eq=False)
class PluginsSettings:
    #: Plugins that are never loaded: `NAME`, `KIND:NAME`, or a distribution. The environment variable
    #: UMBEL_PLUGINS_DISABLED, a list separated by commas, adds to it.
    disabled: tuple[str, ...] = ()
    #: Plugins, named in the same way, without which a worker does not start.
    required: tuple[str, ...] = ()
