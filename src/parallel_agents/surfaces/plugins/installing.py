"""Installing: the skill and the MCP entry of one client, checked whole before the first change.

Everything that is written is noted, so that it can be brought up to date and removed again, while
what a person changed or added stays.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.json_value import Json
from parallel_agents.errors import EditedByHand
from parallel_agents.surfaces.plugins import content, entries
from parallel_agents.surfaces.plugins.clients import Client, Format, Place
from parallel_agents.surfaces.plugins.owned_files import (
    NOTE,
    Note,
    State,
    content_of,
    hash_of,
    is_within,
    noted,
    remove_empty,
    remove_owned,
    state_of,
    write_note,
    write_owned,
)

_AGENT = "agent"
_MOST_NAMED, _MOST_LINES = 5, 40


class Part(NamedTuple):
    """A file or an entry, and what became of it.

    Attributes:
        where: the file, and for an entry its path in it.
    """

    where: str
    state: State


class Edit(NamedTuple):
    """What a person changed, as lines from what is there to what would be written."""

    where: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What we write for one client, beside what is there.

    Attributes:
        files: what each file should contain, by its noted name.
        entry: what the MCP entry should be.
        text: what the client's configuration says now.
    """

    client: Client
    place: Place
    files: dict[str, bytes]
    entry: dict[str, Json]
    text: str
    note: Note

    def path(self, name: str) -> Path:
        """Where a file is."""
        if name == _AGENT and self.place.agents is not None:
            return self.place.agents / content.AGENT_FILE
        return self.place.skill / name

    @property
    def skill_state(self) -> State:
        """What became of the files: edited if any is, and missing if all are."""
        states = {self._file_state(name) for name in self.files}
        if State.EDITED in states:
            return State.EDITED
        return states.pop() if len(states) == 1 else State.OUTDATED

    @property
    def entry_state(self) -> State | None:
        """What became of the MCP entry; None if the client takes none there."""
        if self.place.config is None:
            return None
        return entries.state_of_entry(self.value, self.entry, self.note.entry)

    def parts(self) -> tuple[Part, ...]:
        """The files, and then the entry.

        Raises:
            ClientConfigBroken: the client's configuration cannot be read.
            InvalidInput: a file cannot be read.
        """
        files = [Part(str(self.path(name)), self._file_state(name)) for name in self.files]
        config, state = self.place.config, self.entry_state
        if config is None or state is None:
            return tuple(files)
        return (*files, Part(f"{config.file}: {'.'.join(config.steps)}", state))

    def _file_state(self, name: str) -> State:
        return state_of(self.path(name), self.files[name], self.note.files.get(name))

    @property
    def value(self) -> Json:
        """The MCP entry that is there."""
        config = self.place.config
        return None if config is None else entries.value_of(config, self.text)

    def edits(self) -> tuple[Edit, ...]:
        """What a person changed, or put there without us."""
        found = [part.where for part in self.parts() if part.state is State.EDITED]
        by_path = {str(self.path(name)): wanted for name, wanted in self.files.items()}
        edits = [self._edit(where, by_path.get(where)) for where in found]
        return tuple(edits)

    def entry_change(self) -> Edit | None:
        """What becomes of an MCP entry of ours that is there, such as another home; None if nothing does."""
        config = self.place.config
        if config is None or self.entry_state is not State.OUTDATED:
            return None
        return self._edit(f"{config.file}: {'.'.join(config.steps)}", None)

    def _edit(self, where: str, wanted: bytes | None) -> Edit:
        if wanted is None:
            before, after = entries.shown(self.value), entries.shown(self.entry)
        else:
            before = (content_of(Path(where)) or b"").decode("utf-8", "replace")
            after = wanted.decode()
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), "there now", "would be", lineterm="", n=1
        )
        shown = list(lines)
        more = len(shown) - _MOST_LINES
        return Edit(
            where, (*shown[:_MOST_LINES], *([f"and {more} more lines"] if more > 0 else []))
        )

    def obsolete(self) -> Iterator[str]:
        """Files of an older version that are still as it wrote them, and that this one has not."""
        for name, known in self.note.files.items():
            if name in self.files or not is_within(name):
                continue
            found = content_of(self.path(name))
            if found is not None and hash_of(found) == known:
                yield name


def look(client: Client, place: Place, program: content.Program) -> Installation:
    """What would be written for a client, and what is there.

    Raises:
        ClientConfigBroken: its configuration cannot be read.
        InvalidInput: a file cannot be read.
    """
    config = place.config
    if config is not None and config.format is Format.JSON5 and not config.file.exists():
        # OpenClaw takes a file that only we have written for one that was damaged, and does not start.
        place = replace(place, config=None)
    files = content.skill_files(client, str(place.skill), program)
    if place.agents is not None:
        files[_AGENT] = content.agent_file()
    text = "" if place.config is None else entries.text_of(place.config)
    found = Installation(
        client=client,
        place=place,
        files=files,
        entry=content.server_entry(client, program),
        text=text,
        note=noted(place.skill),
    )
    found.parts()
    return found


def install(found: Installation, *, overwrites: bool = False) -> tuple[Part, ...]:
    """Write what is missing or outdated; return each part, with the state that it had.

    Args:
        found: what `look` found.
        overwrites: overwrite what a person changed.

    Raises:
        EditedByHand: a person changed something that would be overwritten; nothing was written.
        ClientConfigBroken: the configuration cannot be changed safely; nothing was written.
        InvalidInput: a file cannot be written.
    """
    parts, edits = found.parts(), found.edits()
    if edits and not overwrites:
        raise _edited(found, edits)
    config, note = found.place.config, found.note
    is_entry_due = config is not None and found.value != found.entry
    after, objects_made = found.text, 0
    if config is not None and is_entry_due:
        after, objects_made = entries.with_entry(config, found.text, found.entry)
    is_config_made = is_entry_due and config is not None and not config.file.exists()
    folders = [*note.folders, *_missing_above(config.file if config and is_config_made else None)]
    for part, (name, wanted) in zip(parts, found.files.items(), strict=False):
        if part.state is not State.CURRENT:
            folders += write_owned(found.path(name), wanted)
    _remove_obsolete(found)
    written = Note(
        files={name: hash_of(wanted) for name, wanted in found.files.items()},
        entry="" if config is None else entries.hash_of_entry(found.entry),
        objects_made=note.objects_made or objects_made,
        is_config_made=note.is_config_made or is_config_made,
        folders=tuple(dict.fromkeys(folders)),
    )
    if written != note:
        write_note(found.place.skill, written)
    if config is not None and is_entry_due:
        entries.rewrite(config, found.text, after)
    return parts


def uninstall(found: Installation, *, removes_edits: bool = False) -> tuple[Part, ...]:
    """Remove what is ours; return each part that was there, `edited` for what stayed.

    Args:
        found: what `look` found.
        removes_edits: remove what a person changed, too.

    Raises:
        ClientConfigBroken: the configuration cannot be changed safely; nothing was removed.
        InvalidInput: a file cannot be removed.
    """
    parts = [part for part in found.parts() if part.state is not State.MISSING]
    gone = {part.where for part in parts if removes_edits or part.state is not State.EDITED}
    config, note = found.place.config, found.note
    after = found.text
    if config is not None and found.value is not None and parts[-1].where in gone:
        after = entries.without_entry(config, found.text, note.objects_made)
    if config is not None and after != found.text:
        entries.rewrite(config, found.text, after)
        if note.is_config_made and after.strip() in ("", "{}"):
            config.file.unlink(missing_ok=True)
    for name in found.files:
        if str(found.path(name)) in gone:
            remove_owned(found.path(name))
    _remove_obsolete(found)
    remove_owned(found.place.skill / NOTE)
    remove_empty([found.place.skill, *map(Path, _made_around(found))])
    return tuple(parts)


def _remove_obsolete(found: Installation) -> None:
    """Remove the files of an older version, and the folders that are empty by that."""
    for name in found.obsolete():
        remove_owned(found.path(name))
    remove_empty(found.place.skill / name for name in _inner_folders(found))


def _missing_above(file: Path | None) -> list[str]:
    if file is None:
        return []
    return [str(folder) for folder in reversed(file.parents) if not folder.exists()]


def _inner_folders(found: Installation) -> set[str]:
    """The folders in the skill's folder that files of ours are or were in."""
    names = {name for name in {*found.files, *found.note.files} if is_within(name)}
    return {str(above) for name in names for above in Path(name).parents if str(above) != "."}


def _made_around(found: Installation) -> Iterator[str]:
    """The folders that were made for it: only those above what we write, whatever the note says."""
    places = [found.place.skill, found.place.agents, found.place.config and found.place.config.file]
    above = {str(folder) for place in places if place for folder in (place, *place.parents)}
    return (folder for folder in found.note.folders if folder in above)


def _edited(found: Installation, edits: tuple[Edit, ...]) -> EditedByHand:
    named = [edit.where for edit in edits[:_MOST_NAMED]]
    more = f" and {len(edits) - len(named)} more" if len(edits) > len(named) else ""
    return EditedByHand(
        f"the skill for {found.client.title} was not written: a person changed it, or wrote it",
        why=", ".join(named) + more,
        hint="keep what you wrote under another name, or overwrite it with --force",
    )
