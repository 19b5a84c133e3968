"""Git names: which paths git takes into no tree, since it would take them for its own somewhere.

The rules are those of git's `verify_path` (read-cache.c), with `is_hfs_dotgit` (utf8.c) and
`is_ntfs_dotgit` and `is_ntfs_dotgitmodules` (path.c), whatever the machine's file system is.
"""

from __future__ import annotations

import re

from parallel_agents.workspaces.entries import Entry, Mode

# HFS+ ignores these characters in names.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_SEPARATOR = re.compile(r"[/\\]")
_OF_GIT = frozenset({".git", "git~1"})
_MODULES = re.compile(r"\.gitmodules|gitmod~[1-4]|gi7eb[0-9a-f~]{0,3}\d?", re.IGNORECASE)


def git_takes(path: str, *entries: Entry | None) -> bool:
    """Whether git takes a path into a tree, as what it is in these versions of it."""
    names = [_on_other_systems(step) for step in _SEPARATOR.split(path)]
    if not _OF_GIT.isdisjoint(names):
        return False
    is_link = any(entry is not None and entry.mode is Mode.LINK for entry in entries)
    return not (is_link and _MODULES.fullmatch(names[-1]))


def _on_other_systems(name: str) -> str:
    """A name as NTFS and HFS+ understand it: without case, streams and the dots at its end."""
    return _IGNORED.sub("", name).partition(":")[0].rstrip(" .").lower()
