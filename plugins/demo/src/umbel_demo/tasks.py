"""The app that client and worker share: `umbel -A umbel_demo.tasks worker` finds it here."""

from __future__ import annotations

from umbel import Umbel
from umbel_demo import work

app = Umbel("demo")


@app.task(name="umbel_demo.digest", acks_late=True)
def digest(path: str) -> work.Digest:
    """Hash, compress and count one file."""
    return work.digest(path)
