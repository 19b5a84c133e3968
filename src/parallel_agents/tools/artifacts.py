"""Artifacts: tools for contents that the sessions of a tree share by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from parallel_agents.core.artifact import Artifact, SharedArtifacts, short_id
from parallel_agents.core.media_type import TEXT
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Access, Effect, ToolContext, ToolError
from parallel_agents.errors import ArtifactError, CallerError
from parallel_agents.tools.files.reading import PATH, PathArgument
from parallel_agents.tools.files.working import MOST_BYTES, Working
from parallel_agents.tools.function import tool

_MOST_TEXT_BYTES = 1_000_000
_MOST_LISTED = 200
_REFUSALS = (CallerError, ArtifactError)

IdArgument = Annotated[
    str, Field(min_length=1, max_length=200, description="Its id, or its name if only one has it.")
]


@tool(effect=Effect.IDEMPOTENT, access=Access.READ, subject=PATH)
async def artifact_put(
    context: ToolContext,
    path: Annotated[str, Field(description="A file of the working folder.")] = "",
    text: Annotated[str, Field(description="The content itself, instead of a path.")] = "",
    name: Annotated[str, Field(max_length=200, description="What others call it.")] = "",
) -> dict[str, Json]:
    """Share a file or a text with the agents of this work; give them the id that it answers. For what is too long for a message or for state_set."""
    if bool(path) == bool(text):
        raise ToolError("pass either path or text")
    pieces: Iterable[bytes] = Working(context).pieces(path) if path else (text.encode(),)
    called = name or path.rpartition("/")[2] or "text"
    try:
        artifact = await _of(context).put_pieces(pieces, called)
    except _REFUSALS as error:
        raise _refused(error) from error
    return described(artifact)


@tool(effect=Effect.PURE)
async def artifact_list(context: ToolContext) -> dict[str, Json]:
    """List what the agents of this work have shared by artifact_put."""
    records = await _of(context).list()
    shown = {record.artifact.id: record.artifact for record in records[-_MOST_LISTED:]}
    listed: list[Json] = [described(artifact) for artifact in shown.values()]
    return {"artifacts": listed, "total": len(records)}


@tool(effect=Effect.PURE)
async def artifact_get(id: IdArgument, context: ToolContext) -> str:
    """Read a text that an agent of this work has shared. For other content it says only what it is; artifact_save writes it to a file."""
    artifact = await _find(context, id)
    about = f"[{artifact.name}, {artifact.media_type}, {artifact.size:,} bytes, {short_id(artifact.id)}]"
    if artifact.media_type != TEXT or artifact.size > _MOST_TEXT_BYTES:
        return f"{about}\nUse artifact_save to have it as a file."
    content = await _read(context, artifact)
    return f"{about}\n{content.decode('utf-8', 'replace')}"


@tool(effect=Effect.IDEMPOTENT, access=Access.WRITE, subject=PATH)
async def artifact_save(id: IdArgument, path: PathArgument, context: ToolContext) -> str:
    """Write what an agent of this work has shared to a file of the working folder."""
    artifact = await _find(context, id)
    if artifact.size > MOST_BYTES:
        raise ToolError(
            f"{artifact.name} has {artifact.size:,} bytes, more than the {MOST_BYTES:,} that a file "
            "of a tool may have; `pagents artifact get` writes it for a person"
        )
    content = await _read(context, artifact)
    is_new = await asyncio.to_thread(Working(context).write, path, content)
    return f"{'Made' if is_new else 'Replaced'} {path}: {artifact.size:,} bytes of {artifact.name}."


def described(artifact: Artifact) -> dict[str, Json]:
    """An artifact as tools tell it."""
    return {
        "id": short_id(artifact.id),
        "name": artifact.name,
        "media_type": artifact.media_type,
        "bytes": artifact.size,
    }


async def _find(context: ToolContext, name: str) -> Artifact:
    try:
        return await _of(context).find(name)
    except _REFUSALS as error:
        raise _refused(error) from error


async def _read(context: ToolContext, artifact: Artifact) -> bytes:
    try:
        return await _of(context).read(artifact)
    except _REFUSALS as error:
        raise _refused(error) from error


def _of(context: ToolContext) -> SharedArtifacts:
    if context.artifacts is None:
        raise ToolError("nothing is shared here")
    return context.artifacts


def _refused(error: CallerError | ArtifactError) -> ToolError:
    return ToolError(error.in_a_sentence)
