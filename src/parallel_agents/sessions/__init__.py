"""The seven verbs."""

from __future__ import annotations
