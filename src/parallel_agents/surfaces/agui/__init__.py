"""AG-UI 1.0: what user interfaces of agents are told of a run, as events of that protocol."""

from __future__ import annotations
