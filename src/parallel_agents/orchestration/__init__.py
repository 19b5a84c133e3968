"""Orchestration: a goal becomes a plan of steps, which is checked, done, mended and reported on."""
