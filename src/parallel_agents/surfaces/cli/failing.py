"""Failing: how an error of ours leaves the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from parallel_agents.errors import PagentsError
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.exits import exit_of_error


def end(problem: PagentsError, arguments: Sequence[str]) -> NoReturn:
    """Print the error, as JSON where the command was asked for JSON, and exit with its code."""
    render.error(problem, is_json="--json" in arguments)
    sys.exit(exit_of_error(problem))
