"""Plugins: the skill, the MCP entry and the plugin for the programs in which people have agents work."""
