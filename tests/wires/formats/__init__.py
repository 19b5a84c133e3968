"""Formats: what an orderly server of each wire says, and what it refuses."""
