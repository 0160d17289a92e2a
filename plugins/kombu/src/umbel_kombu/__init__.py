"""Any transport of kombu's as a transport of Umbel."""
