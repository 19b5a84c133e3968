"""Containment: code that others wrote runs where it ends one call at most, whatever it does."""

from __future__ import annotations
