"""The commands around a worker: what an operator types."""
