"""`umbel worker --reload`: a supervisor starts the worker as its child, and starts another one when a source file has
changed."""
