"""A model that is none: seeded answers and calls of tools, and days on which a provider does what providers do."""

from __future__ import annotations
