"""Keeping: a background process keeps the embedded model loaded between commands."""

from __future__ import annotations
