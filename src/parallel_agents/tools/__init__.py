"""Tools: what an agent may call."""

from __future__ import annotations
