"""Tools that run commands: shell and python."""
