"""Settings: Celery's names and defaults, sections that plugins contribute, and where every value comes from.

`conf.py` is what an app has; `schema/` holds the kernel's settings; the other files read, check and explain values.
"""

from umbel.settings.conf import Override, Settings

__all__ = ["Override", "Settings"]
