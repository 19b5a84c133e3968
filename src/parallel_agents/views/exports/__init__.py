"""Exports: all that a team, a flow or a session did, as one file for somebody else."""
