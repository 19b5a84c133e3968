"""Builders: the published import name of the drop-in skill's teams."""

from __future__ import annotations

from parallel_agents.surfaces.openclaw.builders import ResearchTeam

__all__ = ["ResearchTeam"]
