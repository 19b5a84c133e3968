"""Configuring: the user's `config.toml`, changed by commands as a person would change it."""
