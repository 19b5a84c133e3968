"""Engines: where runs are scheduled out."""

from __future__ import annotations
