"""Faults: what is wrong in the files of a project, found before anything needs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.errors import InvalidFile, PagentsError
from parallel_agents.mcp_client.mcp_json import read_mcp_json
from parallel_agents.setting_sources import load_usable
from parallel_agents.settings import Environment
from parallel_agents.trust import CONFIG_NAME, MCP_NAME, Project


class Fault(NamedTuple):
    """What is wrong in a file, by its name in the project's folder."""

    file: str
    error: PagentsError


def faults(project: Project, environment: Environment) -> list[Fault]:
    """What keeps files of a project from being used, or a part of them."""
    catalog = Catalog((project.folder,), project.check)
    found = [
        Fault(entry.file.relative_to(project.folder).as_posix(), entry.content)
        for entry in chain(catalog.agents(), catalog.teams(), catalog.all_cases())
        if isinstance(entry.content, InvalidFile) and entry.file.is_relative_to(project.folder)
    ]
    return [*found, *_of_settings(project, environment), *_of_servers(project)]


def _of_settings(project: Project, environment: Environment) -> Iterator[Fault]:
    """What is wrong in the project's settings, and not in the user's."""
    alone = replace(environment, variables={}, trusted=None)
    known = {str(problem) for problem in load_usable(alone).problems}
    for problem in load_usable(replace(alone, trusted=project)).problems:
        if str(problem) not in known:
            yield Fault(CONFIG_NAME, problem)


def _of_servers(project: Project) -> Iterator[Fault]:
    if MCP_NAME in project.files:
        problems = read_mcp_json(project.files[MCP_NAME], MCP_NAME).problems
        yield from (Fault(MCP_NAME, problem) for problem in problems.values())
