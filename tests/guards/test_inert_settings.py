"""A setting that is known and does nothing says so when somebody sets it."""

from __future__ import annotations

import re

from source_tree import Distribution, distributions

from umbel.settings.inert import INERT
from umbel.settings.option import Section
from umbel.settings.schema import KERNEL


def test_the_settings_that_nothing_reads_are_those_that_are_warned_of(core: Distribution) -> None:
    options = [option for prefix, each in KERNEL.items() for option in Section(prefix, each).options.values()]
    modules = [module for each in distributions() for module in each.modules]
    texts = [m.text for m in modules if ".schema." not in m.name and not m.name.endswith(".inert")]
    unread = {o.name for o in options if not o.gone and not any(re.search(rf"\b{o.name}\b", t) for t in texts)}

    assert unread == INERT, (
        f"umbel/settings/inert.py must list what no code reads: add {sorted(unread - INERT)},"
        f" take out {sorted(INERT - unread)}"
    )
