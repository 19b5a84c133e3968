"""Share routes: what the sessions of a tree share, changed by a person: values of its state, and artifacts."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated, Literal, cast

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.app.unused_contents import clean_contents
from parallel_agents.artifacts import Stored
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import Removal, StateEntry, StateWritten, Writer
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import ArtifactDocument, artifact_json

_Name = Annotated[str, Field(max_length=500)]


class StateBody(Given):
    """A change of a value that the sessions of a tree share."""

    operation: Literal["set", "append", "delete"]
    """`set` replaces a value, `append` adds an item to a list, `delete` removes a value."""
    key: _Name
    """Such as `plan` or `results/monday`."""
    value: JsonValue = None
    """The value, or the item of a list."""
    version: Annotated[int, Field(ge=0)] | None = None
    """Only if the key has this version; 0 stands for no value."""


class ClearBody(Given):
    """Which values to remove."""

    prefix: _Name = ""
    """Those whose keys begin with this; all without it."""


class ArtifactBody(Given):
    """Content to share with a tree."""

    name: _Name
    """What tables call it."""
    content: Annotated[str, Field(max_length=16_000_000)]
    """The content, in base64."""


class ArtifactsBody(Given):
    """Which artifacts to stop sharing."""

    names: Annotated[list[_Name], Field(max_length=1000)] = Field(default_factory=list[str])
    """Their ids, the starts of them, or their names."""
    all: bool = False
    """All of the tree; otherwise they are named."""


class EntryDocument(TypedDict):
    """A value with its version."""

    key: str
    value: JsonValue
    version: int
    at: float
    by: SessionKey


class WrittenDocument(TypedDict):
    """What came of a change; `entry` is what the key has instead, if nothing was changed."""

    is_written: bool
    version: int
    entry: EntryDocument | None


class ContentsBody(Given):
    """Which contents to remove."""

    all: bool = False
    """Also those of the last hour."""
    dry_run: bool = False
    """Only say what would be removed."""


class ContentDocument(TypedDict):
    """A content that nothing refers to, and the bytes that it takes up."""

    id: str
    bytes: int


class ContentsDocument(TypedDict):
    """The contents that were removed, or would be, and those of the last hour that stay."""

    dry_run: bool
    removed: list[ContentDocument]
    young: list[ContentDocument]


class RemovalDocument(TypedDict):
    """How many values or artifacts were removed, and their bytes."""

    number: int
    bytes: int


async def write_state(call: Call, given: StateBody) -> Document:
    """Set, append to, or delete a value that the sessions of a tree share."""
    state = call.client.sharing.state(await _tree(call), _writer(call))
    match given.operation:
        case "append":
            if given.version is not None:
                raise InvalidInput("append takes no 'version'", hint="leave it out")
            written = await state.append(given.key, given.value)
        case "delete":
            written = await state.delete(given.key, version=given.version)
        case "set":
            if (version := given.version) is None:
                written = await state.set(given.key, given.value)
            else:
                written = await state.compare_and_set(given.key, given.value, version=version)
    return Document(value=_written_json(written))


async def clear_state(call: Call, given: ClearBody) -> Document:
    """Remove values that the sessions of a tree share."""
    state = call.client.sharing.state(await _tree(call), _writer(call))
    return Document(value=_removal_json(await state.clear(given.prefix)))


async def put_artifact(call: Call, given: ArtifactBody) -> Document:
    """Share content with the sessions of a tree."""
    try:
        content = b64decode(given.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("the content is not base64", why=str(error), hint="encode it") from error
    shared = call.client.sharing.artifacts(await _tree(call), _writer(call))
    return Document(value=artifact_json(await shared.put(content, given.name)))


async def delete_artifacts(call: Call, given: ArtifactsBody) -> Document:
    """Stop sharing artifacts in a tree, no run of which is live."""
    if bool(given.names) is given.all:
        raise InvalidInput(
            "nothing says which artifacts are to be deleted, or two things do",
            hint="give their names, or all: true",
        )
    shared = call.client.sharing.artifacts(await _tree(call), _writer(call))
    if given.all:
        return Document(value=_removal_json(await shared.clear()))
    found = [each for name in given.names for each in await shared.find_all(name)]
    return Document(value=_removal_json(await shared.delete(*dict.fromkeys(found))))


async def _tree(call: Call) -> SessionKey:
    return (await call.client.sessions.find(call.name)).session.root


def _writer(call: Call) -> Writer:
    return Writer(by=f"{call.gateway.environment.user} by {call.actor.via}")


def _written_json(written: StateWritten) -> WrittenDocument:
    entry = written.entry
    return {
        "is_written": written.is_written,
        "version": written.version,
        "entry": None if entry is None else _entry_json(entry),
    }


def _entry_json(entry: StateEntry) -> EntryDocument:
    return {
        "key": entry.key,
        "value": cast("JsonValue", entry.value),
        "version": entry.version,
        "at": entry.at,
        "by": entry.by,
    }


async def clean(call: Call, given: ContentsBody) -> Document:
    """Remove contents that nothing refers to."""
    found = await clean_contents(
        call.gateway.environment.home,
        call.client.sharing,
        everything=given.all,
        dry_run=given.dry_run,
    )
    gone, young = ([_content_json(each) for each in part] for part in found)
    value: ContentsDocument = {"dry_run": given.dry_run, "removed": gone, "young": young}
    return Document(value=value)


def _content_json(stored: Stored) -> ContentDocument:
    return {"id": stored.id, "bytes": stored.size}


def _removal_json(removal: Removal) -> RemovalDocument:
    return {"number": removal.number, "bytes": removal.bytes}


ROUTES = (
    Route(
        method="POST",
        path="/runs/{name}/state",
        name="writeState",
        does="Set, append to, or delete a value that the sessions of a tree share.",
        takes=StateBody,
        gives=WrittenDocument,
        form=Form.DOCUMENT,
        answer=handled(StateBody, write_state),
        is_repeatable=False,
    ),
    Route(
        method="POST",
        path="/runs/{name}/state/clear",
        name="clearState",
        does="Remove all values that the sessions of a tree share, or those with a prefix.",
        takes=ClearBody,
        gives=RemovalDocument,
        form=Form.DOCUMENT,
        answer=handled(ClearBody, clear_state),
    ),
    Route(
        method="POST",
        path="/runs/{name}/artifacts",
        name="putArtifact",
        does="Share content with the sessions of a tree.",
        takes=ArtifactBody,
        gives=ArtifactDocument,
        form=Form.DOCUMENT,
        answer=handled(ArtifactBody, put_artifact),
    ),
    Route(
        method="POST",
        path="/runs/{name}/unshare",
        name="unshareArtifacts",
        does="Stop sharing artifacts in a tree, no run of which is live.",
        takes=ArtifactsBody,
        gives=RemovalDocument,
        form=Form.DOCUMENT,
        answer=handled(ArtifactsBody, delete_artifacts),
    ),
    Route(
        method="POST",
        path="/artifacts/clean",
        name="cleanContents",
        does="Remove contents of artifacts that nothing refers to.",
        takes=ContentsBody,
        gives=ContentsDocument,
        form=Form.DOCUMENT,
        answer=handled(ContentsBody, clean),
    ),
)
