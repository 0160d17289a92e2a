"""Real servers and emulators for the tests of kombu's transports, each on a free loopback port."""
