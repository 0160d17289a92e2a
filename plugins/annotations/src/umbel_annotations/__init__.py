"""Changes to tasks that stand in the settings, not in their code."""
