"""The drivers that an app's settings choose: which one serves each kind, and how it is opened."""

from __future__ import annotations

from typing import Any, cast

from attrs import frozen

from umbel.contracts.backend import Backend
from umbel.contracts.transport import Transport
from umbel.exceptions import ImproperlyConfigured
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load
from umbel.settings import Override
from umbel.settings.option import Section
from umbel.settings.sections import kernel_options

#: First words of settings that drivers may take.
_TAKEN = ("broker", "task", "result")
#: What `result_backend` may say for "no results".
_DISABLED = frozenset({"disabled", "disabled://"})


@frozen
class Choice:
    """A driver that was chosen: `source` says by which setting."""

    kind: str
    name: str
    source: str
    url: str = ""
    #: The setting in full, where that is several URLs.
    urls: str = ""


def scheme(url: str) -> str:
    """The part of a URL that names the driver; a bare word is one."""
    return url.partition("://")[0].lower()


def settings_taken(driver: type[Any]) -> dict[str, str]:
    """The kernel's settings that a driver's own have under their names without the first word, by these."""
    keys = Section("", driver.settings_class).options if driver.settings_class else ()
    return {key: name for key in keys for word in _TAKEN if (name := f"{word}_{key}") in kernel_options()}


class Drivers:
    """Chooses and opens; an instance for each app."""

    def __init__(self, catalogue: Catalogue, conf: Any, main: str | None) -> None:
        self._catalogue = catalogue
        self._conf = conf
        self._main = main or "default"

    def transport_choice(self, role: str = "write") -> Choice:
        """Raises `ImproperlyConfigured` if there is neither a URL nor a default."""
        for setting in (f"broker_{role}_url", "broker_url"):
            url = self._conf[setting]
            if url:
                urls = url if isinstance(url, str) else ";".join(url)
                return Choice("transport", scheme(urls), self._conf.source_of(setting), urls.split(";")[0], urls)
        return self._default("transport", "broker_url")

    def backend_choice(self) -> Choice | None:
        """None if results are disabled, which is Celery's default; the embedded default keeps them."""
        url = self._conf.result_backend
        if url in _DISABLED or (not url and self._conf.broker_url):
            return None
        if url:
            return Choice("backend", scheme(url), self._conf.source_of("result_backend"), url)
        return self._default("backend", "result_backend")

    def pool_choice(self, name: str | None = None) -> Choice:
        """The pool of `name`, else of `worker_pool`, else the default."""
        if name:
            return Choice("pool", name, "--pool")
        if self._conf.worker_pool:
            return Choice("pool", self._conf.worker_pool, self._conf.source_of("worker_pool"))
        return self._default("pool", "worker_pool")

    def _default(self, kind: str, setting: str) -> Choice:
        name = self._catalogue.default(kind)
        if name is None:
            found = ", ".join(self._catalogue.names(kind)) or "none"
            raise ImproperlyConfigured(
                f"{setting} is not set and there is no default {kind} (installed: {found}): set {setting}, or"
                " pip install umbel, which brings defaults"
            )
        return Choice(kind, name, "the default", "" if kind == "pool" else f"{name}://{self._main}")

    def driver(self, choice: Choice) -> type[Any]:
        """The class; raises `PluginError`."""
        return load(self._catalogue, choice.kind, choice.name, choice.source)

    def open_transport(self, role: str = "write") -> Transport:
        """A transport that is not connected yet."""
        choice = self.transport_choice(role)
        driver = self.driver(choice)
        url = choice.urls or choice.url if driver.several_urls else choice.url
        return cast(Transport, driver(url, self._settings(driver, choice, "broker_transport_options")))

    def open_backend(self) -> Backend | None:
        choice = self.backend_choice()
        if choice is None:
            return None
        driver = self.driver(choice)
        return cast(Backend, driver(choice.url, self._settings(driver, choice, "result_backend_transport_options")))

    def taken(self) -> set[str]:
        """The names of the kernel's settings that the chosen transport and backend take."""
        choices = (self.transport_choice("read"), self.backend_choice())
        # One that is not installed takes nothing: who opens it is told so, and a graph is drawn without opening any.
        here = [each for each in choices if each and each.name in self._catalogue.names(each.kind)]
        return {name for choice in here for name in settings_taken(self.driver(choice)).values()}

    def _settings(self, driver: type[Any], choice: Choice, options: str) -> Any:
        """The driver's section of the settings, with what is set of those it takes and what the options say over it."""
        conf = self._conf
        if driver.settings_class is None:
            return None
        taken = {key: name for key, name in settings_taken(driver).items() if conf.value_set_for(name)}
        overrides = [Override({key: conf[name]}, conf.source_of(name)) for key, name in taken.items()]
        overrides.append(Override(conf[options] or {}, conf.source_of(options)))
        section = self._catalogue_section(driver)
        return conf.section(
            section or choice.name, *overrides, settings_class=None if section else driver.settings_class
        )

    def _catalogue_section(self, driver: type[Any]) -> str | None:
        """The prefix under which the driver's distribution contributes its settings; None if it does not."""
        wanted = f"{driver.settings_class.__module__}:{driver.settings_class.__qualname__}"
        return next((e.name for e in self._catalogue.entries("settings") if e.value == wanted), None)
