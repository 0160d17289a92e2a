"""A pool of forked processes. `pool.py` is the way in; the README draws the processes and what goes between them."""
