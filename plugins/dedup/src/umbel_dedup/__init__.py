"""A task that has succeeded is not run again."""
