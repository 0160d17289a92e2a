"""What the tests of this plugin share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Any]:
    """Options of kombu's filesystem transport: one folder, which writers and readers share."""
    queues, control = tmp_path / "queues", tmp_path / "control"
    for folder in (queues, control):
        folder.mkdir()
    return {"data_folder_in": str(queues), "data_folder_out": str(queues), "control_folder": str(control)}
