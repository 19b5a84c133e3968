"""Benchmarks: `scripts/bench`."""
