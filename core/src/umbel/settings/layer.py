"""Values of one rank. `conf` has several: what a later one says counts more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from umbel.settings.option import Option
from umbel.settings.sources import Found, Source

#: Turns what a source has into settings, with values that have been checked.
Reader = Callable[[Source], Iterator[tuple[Option, Found]]]


class Layer:
    """Settings by name, from sources that are read when somebody asks for the first time."""

    def __init__(self, values: Mapping[str, Found] | None = None, waiting: tuple[Source, ...] = ()) -> None:
        self.values = dict(values or {})
        self._waiting = waiting

    def and_then(self, source: Source) -> Layer:
        """This one, and after it the source."""
        return Layer(self.values, (*self._waiting, source))

    def read(self, reader: Reader) -> None:
        """Read the sources that wait. If one is wrong everything stays as it was, and will be read again.

        Values count at once, while others are still being read: `plugins_disabled` decides about those.
        """
        waiting, before = self._waiting, dict(self.values)
        self._waiting = ()
        try:
            for source in waiting:
                for option, found in reader(source):
                    self.values[option.name] = found
        except BaseException:
            self.values, self._waiting = before, waiting
            raise
