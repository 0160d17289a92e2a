"""Running a task: the same code for a worker's pool, for `apply` and for eager mode."""
