"""Creating: agents that make agents, and the gate through which these are registered."""

from __future__ import annotations
