"""Flows: plain async functions over the verbs, whose named steps are stored as they end."""
