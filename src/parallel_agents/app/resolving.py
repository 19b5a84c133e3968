"""Resolving: an agent's answers to the conflicts of a merge, each checked before it counts.

Who resolves and who merges share nothing but the store: an answer belongs to a conflict by the key of
its session, which names the versions that the agent was given.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import orjson

from parallel_agents.app.workspace_parts import Part
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import make_team_key
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import properties
from parallel_agents.core.permission import Permissions
from parallel_agents.core.resolving import RESOLVER, Resolver
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.task_names import MAX_LABEL_CHARACTERS
from parallel_agents.core.verbs import SessionReads
from parallel_agents.core.workspace_verbs import LeftOut
from parallel_agents.errors import InvalidInput
from parallel_agents.secrets.known import KNOWN
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

_SPARE_TOKENS = 2_000
# A byte of source code is a third to a half of a token, and some more as JSON.
_BYTES_PER_TOKEN = 1.5
# What is merged is the answer: nothing is written, run or sent beside it.
_READING = Permissions(allow=("read_file", "list_files", "glob", "grep"))
_STALE = "it was changed while its conflict was resolved"
_NOT_ASKED = "no agent was asked about it"
_TEAM = "merge"
_IS_KEY = re.compile(r"[0-9a-f]{32}")


class Asked(NamedTuple):
    """What an agent is asked about conflicts: nothing if no file is text; and the files that are not."""

    team: TeamTask | None
    left_out: tuple[LeftOut, ...]


class Answers(NamedTuple):
    """The answers to the conflicts of one workspace.

    Attributes:
        files: what files become, by their paths.
        diffs: what that changes in the source's version of each.
        left: why other files stay in conflict.
    """

    files: dict[str, Resolution]
    diffs: dict[str, str]
    left: dict[str, str]


class _Session(NamedTuple):
    """A session that was asked about one file; its result is None until it has one."""

    label: str
    agent: str
    result: Result | None


NO_ANSWERS = Answers({}, {}, {})


def asked_of(
    catalog: Catalog, part: Part, clashes: Mapping[str, Clash], resolver: Resolver
) -> Asked:
    """The team that resolves conflicts, in one session for each file.

    Raises:
        PagentsError: there is no such agent, or it cannot resolve conflicts.
    """
    agent = find_resolver(catalog, resolver.agent)
    asked, left = dict[str, Versions](), list[LeftOut]()
    for path, clash in clashes.items():
        try:
            asked[path] = _read(part, path, clash)
        except Unfit as unfit:
            left.append(LeftOut(path=path, why=str(unfit)))
    if not asked:
        return Asked(None, tuple(left))
    labels = labels_of(asked)
    tasks = [
        _task(agent, path, versions, labels[path], _key(path, clashes[path]), resolver)
        for path, versions in asked.items()
    ]
    team = TeamTask(
        tasks=tuple(tasks),
        name=_TEAM,
        budget=resolver.budget,
        timeout_seconds=resolver.timeout_seconds,
    )
    return Asked(team, tuple(left))


async def answers_of(
    sessions: SessionReads, part: Part, clashes: Mapping[str, Clash], team: str
) -> Answers:
    """What a team that was asked answered to conflicts, as far as they are still the same.

    Raises:
        NotFound: there is no such team.
        InvalidInput: it was not asked about conflicts.
    """
    row = await sessions.find(team)
    rows = await sessions.members(row)
    keys = [each.session.spawn_key for each in rows]
    is_ours = row.run.kind.is_group and row.session.key.startswith(make_team_key(_TEAM, ""))
    if not is_ours or not all(map(_IS_KEY.fullmatch, keys)):
        raise InvalidInput(
            f"{row.session.name} is no team that was asked about conflicts",
            why="only the answers of such a team resolve them",
            hint="name the session that `resolve` has begun, or leave `answers` out",
        )
    results = await sessions.results([row.run.id for row in rows])
    by_run = {result.run_id: result for result in results}
    asked = {
        each.session.spawn_key: _Session(
            each.session.label, each.session.agent.name, by_run.get(each.run.id)
        )
        for each in rows
    }
    return await asyncio.to_thread(_checked, part, clashes, asked)


def _checked(
    part: Part,
    clashes: Mapping[str, Clash],
    asked: Mapping[str, _Session],
) -> Answers:
    found = Answers({}, {}, {})
    labels = {each.label for each in asked.values()}
    for path, clash in clashes.items():
        try:
            versions = _read(part, path, clash)
        except Unfit:
            continue  # nobody was asked, and why was told then
        key = _key(path, clash)
        if key not in asked:
            is_asked = path in labels or not _is_label(path)
            found.left[path] = _STALE if is_asked else _NOT_ASKED
            continue
        try:
            content = _content(versions, asked[key].result, asked[key].agent)
        except Unfit as unfit:
            found.left[path] = str(unfit)
            continue
        _take(found, part, path, clash, content)
    return found


def _read(part: Part, path: str, clash: Clash) -> Versions:
    if not path.isprintable():  # not Unicode, or of control characters
        raise Unfit("its name is not text")
    return read_versions(part.room.blobs, clash)


def _take(found: Answers, part: Part, path: str, clash: Clash, content: bytes | None) -> None:
    blobs = part.room.blobs
    after = None if content is None else Entry(clash.mode, blobs.add(content))
    found.files[path] = Resolution(clash, after)
    patch = patch_of(blobs, {path: Change(clash.ours, after)}, "-p")
    found.diffs[path] = KNOWN.hide(patch.decode(errors="replace"))


def _content(versions: Versions, result: Result | None, agent: str) -> bytes | None:
    if result is None or not result.is_done:
        status = "has not ended" if result is None else f"ended in {result.status}"
        error = None if result is None else result.error
        raise Unfit(f"{agent} {status}" + (f": {error.message}" if error else ""))
    try:
        return content_of(versions, result.output_json)
    except Unfit as unfit:
        raise Unfit(f"{agent} did not resolve it: {unfit}") from None


def _key(path: str, clash: Clash) -> str:
    """Names a conflict: the file and its versions."""
    sides = [None if each is None else each.oid for each in (clash.base, clash.ours, clash.theirs)]
    named = orjson.dumps([path, clash.mode.value, *sides])
    return blake2b(named, digest_size=16).hexdigest()


def labels_of(asked: Mapping[str, Versions]) -> dict[str, str]:
    """A label for each path: the path, if that can be one and no other path looks like it."""
    found: dict[str, str] = {}
    for number, path in enumerate(asked, start=1):
        numbered = f"file {number} of {len(asked)}"
        while numbered in asked:  # a file may have this name
            numbered += " in conflict"
        found[path] = path if _is_label(path) else numbered
    return found


def _is_label(path: str) -> bool:
    is_plain = path.isascii() and path.isprintable() and bool(path.strip())
    return is_plain and len(path) <= MAX_LABEL_CHARACTERS


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
            hint=f"name an agent that answers as {RESOLVER} does: `pagents agents show {RESOLVER}`",
        )
    return agent


def _task(
    agent: Agent, path: str, versions: Versions, label: str, key: str, resolver: Resolver
) -> Task:
    sizes = [len(text.encode()) for text in versions if text is not None]
    return Task(
        agent,
        f"Merge the file {path}.",
        input={
            "path": path,
            **{n: text for n, text in versions._asdict().items() if text is not None},
        },
        label=label,
        key=key,
        model=resolver.model,
        cache_seconds=resolver.cache_seconds,
        permissions=_READING,
        limits=Limits(max_output_tokens=_SPARE_TOKENS + int(max(sizes) / _BYTES_PER_TOKEN)),
    )
