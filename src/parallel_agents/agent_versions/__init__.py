"""Versions of agents: what was registered, unchangeably, and the drafts that were not."""

from __future__ import annotations
