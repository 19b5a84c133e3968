"""Resolve: an agent's answers to the conflicts of a merge, each checked before it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.app.client import App
from parallel_agents.app.workspace_parts import Part
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import properties
from parallel_agents.core.permission import Permissions
from parallel_agents.core.run import Result, TeamResult
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.task_names import MAX_LABEL_CHARACTERS
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.foreground import Begin, Display, Work, run_in_foreground
from parallel_agents.surfaces.cli.progress import Style
from parallel_agents.surfaces.cli.run import prepare_run
from parallel_agents.workspaces.comparing import Change, patch_of
from parallel_agents.workspaces.entries import Entry
from parallel_agents.workspaces.resolving import (
    Clash,
    Resolution,
    Unfit,
    Versions,
    content_of,
    read_versions,
)

DEFAULT = "merge_resolver"
_SPARE_TOKENS = 2_000
# A byte of source code is a third to a half of a token, and some more as JSON.
_BYTES_PER_TOKEN = 1.5
# What is merged is the answer: nothing is written, run or sent beside it.
_READING = Permissions(allow=("read_file", "list_files", "glob", "grep"))


class Resolver(NamedTuple):
    """Who resolves conflicts, and what may be spent on those of one workspace.

    Attributes:
        cache_seconds: the most that a stored reply may be old; None as the agent says.
    """

    agent: str
    model: str | None
    budget: Budget
    timeout_seconds: float | None
    cache_seconds: float | None


class Resolved(NamedTuple):
    """The answers to the conflicts of one workspace.

    Attributes:
        files: what files become, by their paths.
        diffs: what that changes in the source's version of each.
        left: why other files stay in conflict.
        spend: what the agent used.
    """

    files: dict[str, Resolution]
    diffs: dict[str, str]
    left: dict[str, str]
    spend: Spend = Spend()


def resolve(
    context: CliContext, part: Part, clashes: Mapping[str, Clash], resolver: Resolver
) -> Resolved:
    """Have an agent resolve conflicts, in one session for each file; nothing is written.

    Raises:
        PagentsError: there is no such agent or model, or it cannot resolve conflicts.
    """
    found, asked = Resolved({}, {}, {}), dict[str, Versions]()
    for path, clash in clashes.items():
        if not path.isprintable():  # not Unicode, or of control characters
            found.left[path] = "its name is not text"
            continue
        try:
            asked[path] = read_versions(part.room.blobs, clash)
        except Unfit as unfit:
            found.left[path] = str(unfit)
    if not asked:
        return found
    labels = labels_of(asked)
    team = _ask(context, asked, labels, resolver)
    results = {result.label: result for result in team.results}
    for path, versions in asked.items():
        try:
            content = _content(versions, results.get(labels[path]), resolver.agent)
        except Unfit as unfit:
            found.left[path] = str(unfit)
            continue
        _take(found, part, path, clashes[path], content)
    return found._replace(spend=team.spend)


def _take(found: Resolved, part: Part, path: str, clash: Clash, content: bytes | None) -> None:
    blobs = part.room.blobs
    after = None if content is None else Entry(clash.mode, blobs.add(content))
    found.files[path] = Resolution(clash, after)
    patch = patch_of(blobs, {path: Change(clash.ours, after)}, "-p")
    found.diffs[path] = KNOWN.hide(patch.decode(errors="replace"))


def _content(versions: Versions, result: Result | None, agent: str) -> bytes | None:
    if result is None or not result.is_done:
        status = "did not begin" if result is None else f"ended in {result.status}"
        error = None if result is None else result.error
        raise Unfit(f"{agent} {status}" + (f": {error.message}" if error else ""))
    try:
        return content_of(versions, result.output_json)
    except Unfit as unfit:
        raise Unfit(f"{agent} did not resolve it: {unfit}") from None


def labels_of(asked: Mapping[str, Versions]) -> dict[str, str]:
    """A label for each path: the path, if that can be one and no other path looks like it."""
    found: dict[str, str] = {}
    for number, path in enumerate(asked, start=1):
        is_plain = path.isascii() and path.isprintable() and bool(path.strip())
        is_short = len(path) <= MAX_LABEL_CHARACTERS
        numbered = f"file {number} of {len(asked)}"
        while numbered in asked:  # a file may have this name
            numbered += " in conflict"
        found[path] = path if is_plain and is_short else numbered
    return found


def _ask(
    context: CliContext,
    asked: Mapping[str, Versions],
    labels: Mapping[str, str],
    resolver: Resolver,
) -> TeamResult:
    async def prepare(app: App) -> Begin:
        agent = find_resolver(app.catalog, resolver.agent)
        tasks = [_task(agent, path, each, labels[path], resolver) for path, each in asked.items()]
        team = TeamTask(
            tasks=tuple(tasks),
            name="merge",
            budget=resolver.budget,
            timeout_seconds=resolver.timeout_seconds,
        )
        return await prepare_run(app, team)

    async def conclude(app: App, work: Work) -> TeamResult:
        return await app.sessions.team_result(work.session)

    # Answers are whole files: what is shown of them is the difference.
    display = Display(Style.AUTO, is_json=True)
    return run_in_foreground(context, prepare, conclude, display)


def find_resolver(catalog: Catalog, name: str) -> Agent:
    """The agent of that name, which can resolve conflicts.

    Raises:
        UnknownAgent: there is none.
        InvalidFile: its file is not valid.
        InvalidInput: its answer is no file.
    """
    agent = catalog.agent(name)
    if "content" not in properties(agent.output_schema or {}):
        raise InvalidInput(
            f"the agent {name} cannot resolve conflicts",
            why="its output has no `content`, which is the merged text",
            hint=f"name an agent that answers as {DEFAULT} does: `pagents agents show {DEFAULT}`",
        )
    return agent


def _task(agent: Agent, path: str, versions: Versions, label: str, resolver: Resolver) -> Task:
    sizes = [len(text.encode()) for text in versions if text is not None]
    return Task(
        agent,
        f"Merge the file {path}.",
        input={
            "path": path,
            **{n: text for n, text in versions._asdict().items() if text is not None},
        },
        label=label,
        model=resolver.model,
        cache_seconds=resolver.cache_seconds,
        permissions=_READING,
        limits=Limits(max_output_tokens=_SPARE_TOKENS + int(max(sizes) / _BYTES_PER_TOKEN)),
    )
