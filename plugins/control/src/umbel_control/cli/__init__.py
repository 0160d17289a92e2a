"""`umbel inspect`, `umbel control` and `umbel status`."""
