"""A pool of threads in the worker's own process."""
