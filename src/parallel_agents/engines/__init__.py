"""Engines: where runs are carried out."""

from __future__ import annotations
