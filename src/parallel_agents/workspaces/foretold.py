"""Foretold: what earlier merges of a preview would have left in folders, which nobody wrote there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from typing_extensions import override

from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.comparing import Change, by_folder
from parallel_agents.workspaces.entries import Mode, Stamped
from parallel_agents.workspaces.merging import Step
from parallel_agents.workspaces.rooted import Blocked, Found, Rooted

_BITS = {Mode.FILE: 0o644, Mode.PROGRAM: 0o755, Mode.LINK: 0o777}


class Foretold:
    """The files that the merges of one preview would have changed so far."""

    def __init__(self) -> None:
        self._files: dict[Path, Found | None] = {}

    def note(self, blobs: Blobs, source: Path, steps: Iterable[Step]) -> None:
        """Take down what a merge would do to a folder."""
        for path, _, after in steps:
            content = b"" if after is None else blobs.read(after.oid)
            found = None if after is None else Found(after, content, _BITS[after.mode])
            self._files[source / path] = found

    def below(self, folder: Path) -> Mapping[str, Found | None]:
        """The changed files of a folder by their paths; None for one that would be gone."""
        return {
            path.relative_to(folder).as_posix(): found
            for path, found in self._files.items()
            if path.is_relative_to(folder)
        }

    def folder(self, root: Path) -> Rooted:
        """A folder as it would be."""
        changed = self.below(root)
        return _ForetoldFolder(root, changed) if changed else Rooted(root)

    def changes(
        self,
        blobs: Blobs,
        files: Path,
        found: Mapping[str, Change],
        base: Mapping[str, Stamped],
    ) -> dict[str, Change]:
        """What would differ from `base` in a workspace, of which `found` says what differs now."""
        changes = dict(found)
        for path, after in self.below(files).items():
            before = base[path].entry if path in base else None
            change = Change(before, None if after is None else after.entry)
            changes.pop(path, None)
            if change.before != change.after:
                changes[path] = change
            if after is not None:
                blobs.add(after.content, after.entry.oid)
        return dict(sorted(changes.items(), key=lambda each: by_folder(each[0])))


class _ForetoldFolder(Rooted):
    """A folder that is read as if files in it had been changed."""

    def __init__(self, root: Path, changed: Mapping[str, Found | None]) -> None:
        super().__init__(root)
        self._changed = changed

    @override
    def size(self, path: str) -> int | None:
        found = self._changed.get(path)
        return super().size(path) if found is None else len(found.content)

    @override
    def read(self, path: str) -> Found | None:
        if path in self._changed:
            return self._changed[path]
        above = [os.fspath(each) for each in Path(path).parents]
        if any(self._changed.get(each) for each in above):
            raise Blocked(path)
        if any(each.startswith(f"{path}/") for each, found in self._changed.items() if found):
            raise Blocked(path)
        try:
            return super().read(path)
        except Blocked:
            if any(each in self._changed for each in above):
                return None
            raise
