"""Comparing: where two runs part, and what was changed between them."""

from __future__ import annotations
