"""`app.conf`: every setting of an app, whatever source its value comes from."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from attrs import NOTHING, frozen

from umbel.exceptions import ImproperlyConfigured
from umbel.settings import mistakes, sources
from umbel.settings.censor import censored as without_secrets
from umbel.settings.check import checked
from umbel.settings.names import settings_in
from umbel.settings.option import Option, Section
from umbel.settings.sections import Sections, kernel_options
from umbel.settings.sources import Found, Source, Written
from umbel.settings.text import from_text

if TYPE_CHECKING:
    from umbel.plugin.catalogue import Catalogue

DEFAULT = "the default"


@frozen
class Override:
    """Values for a section that count more than those of `conf`, by their names within the section.

    `source` says where they are from; `text` that they are strings to be converted, as in the query of a URL.
    """

    values: Mapping[str, Any]
    source: str
    text: bool = False


class Settings(MutableMapping[str, Any]):
    """Settings by name, as items and as attributes; old names such as `CELERYD_CONCURRENCY` work too.

    What counts more comes later: defaults, `add_defaults`, the configuration (`read_object`, `read_environment`),
    changes (`change`, `update`, assignments, the command line), and the variables of `sources.ENVIRONMENT`.
    The configuration is read when somebody asks for a setting, so anything here may raise `ImproperlyConfigured`.
    """

    def __init__(self, catalogue: Callable[[], Catalogue] | None = None) -> None:
        """`catalogue` gives the app's plugins; it may ask for `plugins_disabled` here."""
        self._catalogue = catalogue
        self._sections = Sections(catalogue or self._own_catalogue)
        self._added: dict[str, Found] = {}
        self._configured: dict[str, Found] = {}
        self._changed: dict[str, Found] = {}
        self._ranks = (self._changed, self._configured, self._added)
        # What is to be read when somebody asks, and where to put it.
        self._waiting: list[tuple[dict[str, Found], Source]] = []
        # A default is made once, so that `conf.broker_transport_options["x"] = 1` is not lost.
        self._defaults: dict[str, Found] = {}
        self._reading = threading.RLock()
        self._revision = 0

    @property
    def revision(self) -> int:
        """Another number after every change: for those who keep what they made of the settings."""
        return self._revision

    # Sources

    def add_defaults(self, defaults: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> None:
        """Values that count less than the configuration; a function is called when a setting is asked for."""

        def read() -> Written:
            return sources.from_mapping(defaults() if callable(defaults) else defaults, "add_defaults()")

        self._waiting.append((self._added, read))
        self._revision += 1

    def read_object(self, obj: Any, *, silent: bool = False, force: bool = False, namespace: str | None = None) -> None:
        """Take the configuration from a dict, a module or object with attributes, or the dotted path of one.

        It replaces an earlier configuration. `force` reads it now; `silent` ignores a path that cannot be imported;
        `namespace="CELERY"` takes only names such as CELERY_TASK_SERIALIZER.
        """
        self._configured.clear()
        self._waiting = [each for each in self._waiting if each[0] is not self._configured]
        self._waiting.append((self._configured, lambda: sources.from_object(obj, namespace, silent)))
        self._revision += 1
        if force:
            self._read()

    def read_environment(self, variable_name: str, *, silent: bool = False, force: bool = False) -> bool:
        """Take the configuration from the module that the variable names. False if it is not set, and `silent`."""
        path = os.environ.get(variable_name)
        if path:
            self.read_object(path, silent=silent, force=force)
        elif not silent:
            raise ImproperlyConfigured(f"{variable_name}, which should name the module with the settings, is not set")
        return bool(path)

    def read_command_line(self, arguments: Iterable[str], namespace: str = "celery") -> None:
        """Change settings by arguments such as `worker.prefetch_multiplier=1`."""
        self._change(sources.from_command_line(arguments, namespace))

    def change(self, values: Mapping[str, Any], source: str) -> None:
        """Change settings, all or none. `source` says in errors where the values are from ("a keyword of Umbel()")."""
        self._change(sources.from_mapping(values, source))

    def update(self, values: Any = (), /, **keywords: Any) -> None:
        """Change settings, all or none."""
        self.change({**dict(values), **keywords}, "conf.update()")

    # Values

    def __getitem__(self, name: str) -> Any:
        value = self._found(self._option(name)).value
        return None if value is NOTHING else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __setitem__(self, name: str, value: Any) -> None:
        self.change({name: value}, "an assignment")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self[name] = value

    def __delitem__(self, name: str) -> None:
        """Take a change back."""
        del self._changed[self._option(name).name]
        self._revision += 1

    def __iter__(self) -> Iterator[str]:
        self._read()
        names = [option.name for option in self._sections.loaded()]
        # Settings of disabled plugins are in no section.
        return iter(dict.fromkeys(chain(names, *self._ranks)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def source_of(self, name: str) -> str:
        """Where the value comes from, in words. Raises `KeyError`."""
        return self._found(self._option(name)).source

    def section(self, prefix: str, *overrides: Override, settings_class: type | None = None) -> Any:
        """An instance of the attrs class of the settings that begin with `prefix`; later overrides count more.

        `settings_class` is for drivers whose settings are not in the entry-point group `umbel.settings`.
        Raises `ImproperlyConfigured`, and `PluginError` if the plugin cannot be used.
        """
        section = Section(prefix, settings_class) if settings_class else self._sections.section(prefix)
        if section is None:
            raise ImproperlyConfigured(f"no installed plugin has settings called {prefix}_…")
        found = {key: self._found(option) for key, option in section.options.items()}
        for override in overrides:
            for key, value in override.values.items():
                if key not in section.options and section.rest:
                    found[section.rest] = Found({**found[section.rest].value, key: value}, override.source)
                    continue
                if key not in section.options:
                    raise mistakes.unknown_key(key, override.source, section)
                found[key] = _typed(section.options[key], Found(value, override.source, override.text))
        try:
            return section.settings_class(**{key: f.value for key, f in found.items() if f.value is not NOTHING})
        except (TypeError, ValueError) as error:
            given = {key: f.source for key, f in found.items() if f.source != DEFAULT}
            raise mistakes.refused(section, error, given) from error

    # Views

    @property
    def changes(self) -> dict[str, Any]:
        """What was changed on top of the configuration."""
        return {name: found.value for name, found in self._changed.items()}

    @property
    def defaults(self) -> dict[str, Any]:
        """The value of every setting if nobody had set one."""
        self._read()
        defaults = {option.name: self._default(option) for option in self._sections.loaded()} | self._added
        return {name: None if found.value is NOTHING else found.value for name, found in defaults.items()}

    def without_defaults(self) -> dict[str, Any]:
        """What somebody has set."""
        return {name: self[name] for name in self if self.value_set_for(name)}

    def value_set_for(self, name: str) -> bool:
        """Whether somebody has set it."""
        return self._said(self._option(name)) is not None

    def table(self, with_defaults: bool = False, censored: bool = True) -> dict[str, Any]:
        """Settings that are fit to print: what looks secret is masked, unless not `censored`."""
        table = dict(self) if with_defaults else self.without_defaults()
        return {name: without_secrets(name, value) if censored else value for name, value in table.items()}

    def humanize(self, with_defaults: bool = False, censored: bool = True) -> str:
        """The table as lines of text, sorted."""
        table = self.table(with_defaults, censored)
        return "\n".join(f"{name}: {table[name]!r}" for name in sorted(table))

    def find_option(self, name: str, namespace: str = "") -> tuple[str, str, Option]:
        """Prefix, rest of the name, and the setting itself, also if only the rest is given. Raises `KeyError`."""
        full = f"{namespace}_{name}" if namespace else name
        option = next((each for each in kernel_options().values() if full in (each.name, each.key)), None)
        option = option or self._option(full)
        return option.section.prefix, option.key, option

    def get_by_parts(self, *parts: str) -> Any:
        """The value of the setting whose name has these parts. Raises `KeyError`."""
        return self["_".join(part for part in parts if part)]

    def copy(self) -> Settings:
        """The same settings, to be changed apart from these."""
        twin = Settings(self._catalogue)
        self._read()
        for mine, its in zip(self._ranks, twin._ranks, strict=True):
            its.update(mine)
        return twin

    # How they are found

    def _option(self, name: str) -> Option:
        option = self._sections.option(name)
        if option is None:
            raise KeyError(str(mistakes.unknown(name, "conf", self._sections)))
        return option

    def _found(self, option: Option) -> Found:
        said = self._said(option)
        if option.like and (said is None or said.value is None):
            return self._found(self._option(option.like))
        return said or self._default(option)

    def _said(self, option: Option) -> Found | None:
        """What somebody has set."""
        self._read()
        environment = sources.from_environment(option.name)
        if environment is not None:
            return _typed(option, environment)
        return next((values[option.name] for values in self._ranks if option.name in values), None)

    def _default(self, option: Option) -> Found:
        return self._defaults.setdefault(option.name, Found(option.default(), DEFAULT))

    def _read(self) -> None:
        # Whoever asks while another thread reads must wait for it; the same thread may ask for what is there so far.
        with self._reading:
            waiting, self._waiting = self._waiting, []
            try:
                for values, source in waiting:
                    self._take(values, source())
            except BaseException:
                self._waiting = waiting  # whoever asks next hears of it again
                raise

    def _take(self, values: dict[str, Found], written: Written) -> None:
        for option, found in settings_in(written.found, self._sections, strict=written.strict):
            values[option.name] = _typed(option, found)

    def _change(self, written: Written) -> None:
        with self._reading:
            changed: dict[str, Found] = {}
            self._take(changed, written)
            self._changed.update(changed)
            self._revision += 1

    def _own_catalogue(self) -> Catalogue:
        # Only those who have settings of plugins need it.
        from umbel.plugin.catalogue import Catalogue  # noqa: PLC0415

        return Catalogue(self["plugins_disabled"])


def _typed(option: Option, found: Found) -> Found:
    """The value as the setting wants it. Raises `ImproperlyConfigured`."""
    if option.gone and found.value is not None:
        raise mistakes.no_longer(option, found.source)
    try:
        if found.text:
            return Found(from_text(found.value, option.hint), found.source)
        return Found(checked(found.value, option.hint), found.source)
    except (TypeError, ValueError):
        raise mistakes.mistyped(option, found.value, found.source) from None
