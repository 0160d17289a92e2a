"""The command line: `umbel.cli.root` is the group, every command has a file of its own, imported when it is called."""
