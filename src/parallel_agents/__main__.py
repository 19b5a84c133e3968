"""`python -m parallel_agents` is the command `pagents`."""

from __future__ import annotations

from parallel_agents.surfaces.cli.main import main

main()
