"""A simulated provider: seeded answers and tool calls, and days on which things go wrong."""

from __future__ import annotations
