"""Candidate: a version of an agent that is tried: its files as they would be registered, and what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from parallel_agents.agent_versions.record import Files
from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.schema import JsonObject
from parallel_agents.creating.case_design import cases_document
from parallel_agents.creating.design import read_design
from parallel_agents.creating.finding import Finding, unreadable
from parallel_agents.creating.lint import Linted, lint, lint_created
from parallel_agents.creating.sharpness import CASES_FILE, LEAST_CASES, dull_cases
from parallel_agents.creating.writing import agent_text, cases_text
from parallel_agents.errors import InvalidFile


class Candidate(NamedTuple):
    """An agent's files, read.

    Attributes:
        agent: None if its file is not valid.
        of_agent: what is wrong with its file.
        of_cases: what is wrong with its cases.
    """

    files: Files
    agent: Agent | None
    cases: tuple[Case, ...]
    of_agent: tuple[Finding, ...]
    of_cases: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.of_agent, *self.of_cases)


def files_of(name: str, answer: JsonObject) -> Files:
    """The files of an agent whose whole design is in one answer of a creator.

    Raises:
        InvalidFile: an agent of that name cannot be written.
    """
    text = agent_text(name, read_design(answer), str(answer["instructions"]))
    agent = parse_agent(Source(Path(f"{name}.md"), text))
    return Files(text, cases_text(cases_document(agent, answer)))


async def read_candidate(name: str, files: Files) -> Candidate:
    """An agent that a person wrote, who may give it any power."""
    return await _candidate(name, files, lint(name, files.agent))


async def read_created(name: str, files: Files, tools: Collection[str]) -> Candidate:
    """An agent that an agent wrote, with no power but these tools."""
    return await _candidate(name, files, lint_created(name, files.agent, tools))


async def _candidate(name: str, files: Files, linted: Linted) -> Candidate:
    cases: tuple[Case, ...] = ()
    found: list[Finding] = []
    if not files.cases:
        found.append(
            Finding(CASES_FILE, 0, "it has no cases", f"write at least {LEAST_CASES} of them")
        )
    else:
        try:
            cases = parse_cases(Source(Path(f"{name}.yaml"), files.cases))
        except InvalidFile as error:
            found.append(unreadable(CASES_FILE, error))
    if cases and linted.agent is not None:
        found += await dull_cases(linted.agent, cases)
    return Candidate(files, linted.agent, cases, linted.findings, tuple(found))
