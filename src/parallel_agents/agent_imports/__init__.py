"""Agent imports: agents that were written for other programs, as far as they can be taken over."""

from __future__ import annotations
