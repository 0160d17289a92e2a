"""A pool of greenlets, on gevent."""
