"""Retention: how long what has ended is kept."""

from __future__ import annotations

DEAD_LETTER_SECONDS = 30 * 86_400.0
