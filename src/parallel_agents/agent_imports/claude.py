"""Claude: the agents of Claude Code, and the skills of Codex, OpenClaw and others, which are Markdown files."""

from __future__ import annotations

from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.agent_imports.front_matter import Parts, names_of, read_parts, text_of
from parallel_agents.catalog.source import Source

_TAKEN = frozenset({"name", "description", "tools", "allowed-tools", "model"})
_LEFT = {
    "permissionMode": "permissions are never taken over",
    "permissions": "permissions are never taken over",
    "disallowedTools": "an agent here has only the tools that it names",
    "hooks": "commands of others are never taken over",
    "mcpServers": "servers are added by you: `pagents docs mcp-servers`",
    "skills": "there are no skills here; put their text into the instructions",
    "maxTurns": "set limits.max_turns",
    "color": "it is of that program's screen",
    "memory": "there is no counterpart",
    "metadata": "it is for the program that shows the skill",
    "background": "every session runs beside the others",
    "isolation": "use a workspace",
    "effort": "set thinking",
    "license": "mind it when you share the agent",
    "compatibility": "it is of that program",
    "version": "versions are kept by `pagents agents register`",
}
_NAMES = _TAKEN | frozenset(_LEFT)


def read_claude(source: Source) -> ForeignAgent:
    """The agent in a file of `.claude/agents`.

    Raises:
        InvalidFile: it has no front matter, or no instructions.
    """
    return _read(source, read_parts(source, _NAMES), source.file.stem)


def read_skill(source: Source) -> ForeignAgent:
    """The prompt of a `SKILL.md` as an agent; its scripts and other files stay behind.

    Raises:
        InvalidFile: it has no front matter, or no instructions.
    """
    parts = read_parts(source, _NAMES)
    agent = _read(source, parts, source.file.parent.name)
    left = {**agent.left_out, "files": "scripts and references beside SKILL.md are not taken over"}
    return ForeignAgent(
        name=agent.name,
        description=agent.description,
        instructions=agent.instructions,
        model=agent.model,
        tools=agent.tools,
        left_out=left,
    )


def _read(source: Source, parts: Parts, default: str) -> ForeignAgent:
    fields = parts.fields
    name = text_of(fields.get("name")) or default
    left = {field: _LEFT.get(field, "there is no counterpart") for field in fields.keys() - _TAKEN}
    if parts.is_loose:
        left["front matter"] = "it is not YAML, and was read line by line; look at the description"
    if "tools" not in fields and "allowed-tools" not in fields and source.file.name != "SKILL.md":
        left["tools"] = "it named none, which means all there; here it has none"
    return ForeignAgent(
        name=name,
        description=text_of(fields.get("description")).replace("\\n", " "),
        instructions=parts.body,
        model=text_of(fields.get("model")),
        tools=(*names_of(fields.get("tools")), *names_of(fields.get("allowed-tools"))),
        left_out=dict(sorted(left.items())),
    )
