"""The command line: `umbel.cli.root` is the group, and each command is a plugin's."""
