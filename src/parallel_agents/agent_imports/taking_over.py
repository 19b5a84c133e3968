"""Taking over: a foreign agent as a file of ours, which has no power that its user did not give it.

A tool is taken over only if one here does the same, and one that acts or leaves the machine asks before
each call. Permissions, hooks, servers and commands are never taken over.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent, Tier
from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json
from parallel_agents.creating.writing import agent_file

_READ = {
    "read": "read_file",
    "grep": "grep",
    "glob": "glob",
    "ls": "list_files",
    "filereadtool": "read_file",
    "directoryreadtool": "list_files",
    "read_file": "read_file",
}
_ASK = {
    "webfetch": "fetch",
    "websearch": "web_search",
    "scrapewebsitetool": "fetch",
    "serperdevtool": "web_search",
    "web_fetch": "fetch",
    "web_search": "web_search",
    "write": "write_file",
    "edit": "edit_file",
    "multiedit": "edit_file",
    "bash": "shell",
    "write_file": "write_file",
    "edit_file": "edit_file",
    "exec": "shell",
    "shell": "shell",
    "filewritertool": "write_file",
}
_TIERS = {"haiku": Tier.SMALL, "sonnet": Tier.MEDIUM, "opus": Tier.LARGE}
_MOST_DESCRIPTION = 300
_MOST_TOLD = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An agent that was taken over.

    Attributes:
        text: its file.
        taken: what was read into something of ours, as the reader is told it.
        left: what was not, with why.
    """

    agent: Agent
    text: str
    taken: tuple[str, ...]
    left: tuple[str, ...]


def take_over(
    foreign: ForeignAgent, folder: Path, models: Collection[str], *, name: str = ""
) -> Taken:
    """A foreign agent as one of ours.

    Args:
        foreign: the agent.
        folder: where its file will be.
        models: the models that are known here.
        name: what it will be called; by default, like there.

    Raises:
        InvalidFile: it cannot be an agent here.
    """
    called = name or own_name(foreign.name)
    taken: list[str] = []
    left = [f"{field}: {why}" for field, why in foreign.left_out.items()]
    if called != foreign.name:
        taken.append(f"name: {head(foreign.name, _MOST_TOLD)} → {called}")
    summary = head(" ".join(foreign.description.split()), _MOST_DESCRIPTION)
    front: dict[str, Json] = {
        "name": called,
        "description": summary or called,
        "category": "imported",
    }
    front |= _model(foreign.model, models, taken, left)
    if foreign.inputs:
        properties: dict[str, Json] = {each: {"type": "string"} for each in foreign.inputs}
        front["input"] = {
            "type": "object",
            "properties": properties,
            "required": list(foreign.inputs),
            "additionalProperties": False,
        }
        taken.append(f"placeholders: {', '.join(foreign.inputs)} → input")
    front |= _tools(foreign.tools, taken, left)
    text = agent_file(front, foreign.instructions)
    agent = parse_agent(Source(folder / f"{called}.md", text))
    return Taken(agent=agent, text=text, taken=tuple(taken), left=tuple(left))


def own_name(name: str) -> str:
    """A name as agents here have it: lowercase letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64]
    return plain if plain[:1].isalpha() else f"agent_{plain}"[:64].rstrip("_")


def _model(
    model: str, models: Collection[str], taken: list[str], left: list[str]
) -> dict[str, Json]:
    if not model or model == "inherit":
        return {}
    if tier := _TIERS.get(model.lower()):
        taken.append(f"model: {model} → tier {tier.value}")
        return {"tier": tier.value}
    known = [each for each in models if each == model or each.partition("/")[2] == model]
    if len(known) == 1:
        taken.append(f"model: {known[0]}")
        return {"model": known[0]}
    left.append(f"model: {head(model, _MOST_TOLD)} is not known here; the settings decide")
    return {}


def _tools(tools: tuple[str, ...], taken: list[str], left: list[str]) -> dict[str, Json]:
    found: list[Json] = []
    asking: list[Json] = []
    for tool in tools:
        # A pattern such as Bash(git *) limits a call there; here it is asked for each time.
        plain = tool.partition("(")[0].lower()
        ours = _READ.get(plain) or _ASK.get(plain)
        if ours is None:
            left.append(f"tool: {head(tool, _MOST_TOLD)} has no counterpart")
            continue
        if ours not in found:
            found.append(ours)
        if plain in _ASK and ours not in asking:
            asking.append(ours)
        how = "asks before each call" if plain in _ASK else "may read without asking"
        taken.append(f"tool: {head(tool, _MOST_TOLD)} → {ours}, which {how}")
    if not found:
        return {}
    return {"tools": found, **({"permissions": {"ask": asking}} if asking else {})}
