"""Lets the tests import the specimens: the smallest drivers that keep the contracts, and drivers that do not."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "specimens"))
