"""The plugin platform. A plugin author needs one name from here: `hookimpl`."""

from umbel.plugin.specs import hookimpl

__all__ = ["hookimpl"]
