"""The kernel's own settings, one attrs class a section. The `#:` comments are the settings reference.

Durations are seconds unless the name says otherwise. Settings of a feature (beat, events, a database, …) belong to its
plugin, which contributes a section of its own through the entry-point group `umbel.settings`.
"""

from umbel.settings.schema.app import AppSettings
from umbel.settings.schema.broker import BrokerSettings
from umbel.settings.schema.plugins import PluginsSettings
from umbel.settings.schema.result import ResultSettings
from umbel.settings.schema.task import TaskSettings
from umbel.settings.schema.worker import WorkerSettings

#: By the prefix of their names.
KERNEL: dict[str, type] = {
    "": AppSettings,
    "broker": BrokerSettings,
    "plugins": PluginsSettings,
    "result": ResultSettings,
    "task": TaskSettings,
    "worker": WorkerSettings,
}
