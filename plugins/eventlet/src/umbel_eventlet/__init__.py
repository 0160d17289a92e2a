"""A pool of greenlets, on eventlet."""
