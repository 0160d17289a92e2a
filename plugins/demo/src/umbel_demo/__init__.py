"""`umbel demo`: real work on real files through a queue, across processes, and a check that nothing went wrong."""
