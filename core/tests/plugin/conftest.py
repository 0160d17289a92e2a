from __future__ import annotations

from umbel_conformance.site import compression, site

__all__ = ["compression", "site"]
