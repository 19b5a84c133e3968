"""Builders: the import name under which guides for OpenClaw use the skill's teams."""

from __future__ import annotations

from parallel_agents.surfaces.openclaw.builders import ResearchTeam

__all__ = ["ResearchTeam"]
