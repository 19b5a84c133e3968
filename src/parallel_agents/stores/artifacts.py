"""Artifacts: which trees and runs have which; their contents are files."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.artifact import (
    Artifact,
    ArtifactRecord,
    artifacts_in_use,
    is_artifact_id,
    short_id,
)
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import File
from parallel_agents.core.shared_state import OUTSIDER, Removal, Writer
from parallel_agents.errors import InvalidInput, StoreError
from parallel_agents.stores.artifact_columns import artifact_from
from parallel_agents.stores.database import as_array
from parallel_agents.stores.removals import note_removal
from parallel_agents.stores.rows import Rows, readable
from parallel_agents.stores.tables import Tables

MOST_ARTIFACTS = 10_000


def read_artifacts(
    rows: Rows,
    *,
    tree: SessionKey | None = None,
    runs: Sequence[RunId] | None = None,
) -> list[ArtifactRecord]:
    """The artifacts of a tree or of runs, the oldest first; without either, all."""
    conditions = {"tree": tree, "runs": runs}
    where = [name for name, value in conditions.items() if value is not None]
    values = {"tree": tree, "runs": as_array(list(runs or ()))}
    found = rows.database.all("artifacts", {name: values[name] for name in where}, where=where)
    return readable("artifact", artifact_from, found)


def referred_contents(rows: Rows, ids: Sequence[str]) -> set[str]:
    """See `core.artifact.ArtifactStore`; of a damaged record the id is enough."""
    found = {id for (id,) in rows.database.all("referred_contents", (as_array(list(ids)),))}
    if not all(isinstance(id, str) and is_artifact_id(id) for id in found):
        raise StoreError(
            "a record of an artifact in the store is damaged",
            why="its id cannot be read, so nobody knows which content it needs",
            hint="restore the store from a copy; until then, leave the contents as they are",
        )
    return found


def note_artifact(
    tables: Tables, artifact: Artifact, tree: SessionKey, writer: Writer, most_bytes: int
) -> None:
    """Note an artifact of a tree, once.

    Raises:
        InvalidInput: there is no room.
    """
    count, size = tables.database.one("artifact_size", (tree,)) or (0, 0)
    if size + artifact.size > most_bytes or count >= MOST_ARTIFACTS:
        known = read_artifacts(tables.rows, tree=tree)
        if all(record.artifact.id != artifact.id for record in known):
            raise InvalidInput(
                f"the artifacts of this tree have {size:,} bytes of the {most_bytes:,} that they may"
                f" have, and are {count:,} of at most {MOST_ARTIFACTS:,}",
                hint="share less, or raise the setting tree_artifact_megabytes",
            )
    put_artifact(tables, artifact, tree, writer)


def forget_artifacts(
    tables: Tables, tree: SessionKey, artifacts: Sequence[Artifact] | None, writer: Writer
) -> Removal:
    """Remove the records of these artifacts of a tree; None for all of them.

    The same content under another name is another artifact, and stays.

    Raises:
        Conflict: a run of the tree is live.
    """
    if tables.database.one("live_of_root", (tree,)) is not None:
        raise artifacts_in_use()
    known = {
        (record.artifact.id, record.artifact.name): record.artifact
        for record in read_artifacts(tables.rows, tree=tree)
    }
    named = None if artifacts is None else {(each.id, each.name) for each in artifacts}
    gone = [known[key] for key in known if named is None or key in named]
    removal = Removal(len(gone), sum(artifact.size for artifact in gone))
    for artifact in gone:
        tables.database.run("drop_artifact", (tree, artifact.id, artifact.name))
    if gone:
        names = [f"{short_id(artifact.id)} {artifact.name}" for artifact in gone]
        note_removal(tables, tree, writer, "artifact", names, removal)
    return removal


def note_files(tables: Tables, files: Sequence[File], tree: SessionKey) -> None:
    """Note what a session is shown, so that its content stays and its tree can get it."""
    for file in files:
        if file.artifact is not None:
            put_artifact(tables, file.artifact, tree, OUTSIDER)


def put_artifact(tables: Tables, artifact: Artifact, tree: SessionKey, writer: Writer) -> None:
    about = (artifact.id, artifact.name, artifact.media_type, artifact.size)
    values = (tree, writer.run, *about, writer.session, tables.now())
    tables.database.run("note_artifact", values)
