"""Completion: what a shell offers at Tab, told within a tenth of a second."""

from __future__ import annotations
