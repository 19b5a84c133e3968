"""Unused contents: what lies in a home's folder of artifacts although nothing in its store refers to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from parallel_agents.artifacts import ArtifactFolder, Stored
from parallel_agents.core.store_care import YOUNG_SECONDS
from parallel_agents.sessions.sharing import Sharing


class Cleaned(NamedTuple):
    """Contents that nothing refers to.

    Attributes:
        gone: those that were removed, or would be.
        young: those of the last hour, which may be about to get their records.
    """

    gone: list[Stored]
    young: list[Stored]


async def clean_contents(
    home: Path, sharing: Sharing, *, everything: bool, dry_run: bool
) -> Cleaned:
    """Remove contents that nothing refers to; those of the last hour only with `everything`."""
    folder = ArtifactFolder(home)
    older_than = 0.0 if everything else YOUNG_SECONDS
    stored = await asyncio.to_thread(folder.older_than, 0.0)
    kept = await sharing.referred([each.id for each in stored])
    unused = [each for each in stored if each.id not in kept]

    def remove() -> Cleaned:
        old = {each.id for each in folder.older_than(older_than)}
        gone = [each for each in unused if each.id in old]
        if not dry_run:
            folder.remove_leftovers(older_than=older_than)
            gone = [each for each in gone if folder.remove(each.id, older_than=older_than)]
        return Cleaned(gone, [each for each in unused if each.id not in old])

    return await asyncio.to_thread(remove)
