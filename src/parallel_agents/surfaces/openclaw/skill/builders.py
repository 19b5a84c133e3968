"""Builders: teams of agents as one object each."""

from __future__ import annotations

import sys

try:
    from parallel_agents.builders import ResearchTeam
except ModuleNotFoundError as error:
    raise ImportError(
        f"{sys.executable} has no package pagents ({error}). Run this with @PYTHON@, which has it, "
        f"or install it from a checkout, since no index has it: {sys.executable} -m pip install '.[local]'"
    ) from None

__all__ = ["ResearchTeam"]
