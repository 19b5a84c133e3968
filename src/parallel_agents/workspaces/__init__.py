"""Workspaces: copies of folders for sessions to work in, and their changes on the way back."""
