"""A pool of coroutines: `async def` tasks run at once on one event loop."""
