"""Makes a workspace, merges one, or merges it with all conflicts resolved, as a process of its own that a test kills."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.foretold import Foretold
from parallel_agents.workspaces.limits import LIMITS
from parallel_agents.workspaces.making import make
from parallel_agents.workspaces.record import Room
from parallel_agents.workspaces.resolving import Resolution
from parallel_agents.workspaces.returning import merge


def main() -> None:
    what, home, source = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    room = Room(home, SessionKey("agent:coder:subagent:one"))
    if what == "make":
        make(room, source, home=home, parent="", limits=LIMITS, now=time.time)
        return
    record = room.record
    assert record is not None
    foretold = merge(room, record, Conflicts.LEAVE, foretold=Foretold())
    after = Entry(Mode.FILE, room.blobs.add(b"resolved\n"))
    resolved: dict[str, Resolution] = {}
    if what == "resolve":
        resolved = {path: Resolution(clash, after) for path, clash in foretold.clashes.items()}
    merge(room, record, Conflicts.LEAVE, resolved=resolved)


if __name__ == "__main__":
    main()
