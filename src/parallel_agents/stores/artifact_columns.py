"""Artifact columns: the record of an artifact from the columns of the query `artifacts`."""

from __future__ import annotations

from parallel_agents.core.artifact import Artifact, ArtifactRecord, is_artifact_id
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.stores.database import SqlRow
from parallel_agents.stores.row_columns import is_moment


def artifact_from(columns: SqlRow) -> ArtifactRecord:
    """The record.

    Raises:
        ValueError: a column has a value that cannot be.
    """
    id, name, media_type, size, tree, session, run, at = columns
    texts = (id, name, media_type, tree, session, run)
    is_sound = all(type(text) is str for text in texts) and type(size) is int and is_moment(at)
    if not is_sound or not is_artifact_id(id):
        raise ValueError(f"a column of {id!r} has the wrong type")
    artifact = Artifact(id=id, name=name, media_type=media_type, size=size)
    return ArtifactRecord(artifact, SessionKey(tree), SessionKey(session), RunId(run), at)
