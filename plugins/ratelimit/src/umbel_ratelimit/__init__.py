"""Tasks with a `rate_limit` begin so often, and no more often."""
