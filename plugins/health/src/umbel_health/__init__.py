"""Whether a worker is alive and whether it is ready, for those who restart it or send it work."""
