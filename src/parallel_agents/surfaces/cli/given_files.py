"""Given files: what `-f` names: files, patterns, folders and stdin, as texts and as what an agent is shown."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from parallel_agents.core.attachment import is_attachable
from parallel_agents.core.cutting import head
from parallel_agents.core.media_type import HEAD_BYTES
from parallel_agents.core.message import File
from parallel_agents.core.path_pattern import path_matches
from parallel_agents.core.plain_text import STDIN as PIPED, plain_text
from parallel_agents.database_files import open_given
from parallel_agents.errors import InvalidInput, NotText, TooMuchGiven
from parallel_agents.folder import Folder
from parallel_agents.ignore_files import IgnoreFiles
from parallel_agents.links import real_path
from parallel_agents.sessions.requests import MAX_INPUT_BYTES
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.stdin import NAME as STDIN, read_stdin
from parallel_agents.views import format

MOST_FILES = 1000
_SHOWN = 200
_MOST_NAMED = 3
_TICKS = re.compile(r"`{3,}")


class GivenText(NamedTuple):
    """A text with the name by which the agent knows it."""

    name: str
    text: str

    @property
    def block(self) -> str:
        """The text under its name, in a fence that it cannot leave."""
        longest = max((len(ticks) for ticks in _TICKS.findall(self.text)), default=2)
        fence, text = "`" * (longest + 1), self.text.removesuffix("\n")
        return f"File {self.name}:\n{fence}\n{text}\n{fence}"


class Given(NamedTuple):
    """What the files are that a command is given.

    Attributes:
        texts: in the order in which they are named, those of a folder by their paths.
        shown: images and PDFs.
        is_one: whether a single file was named, and not a folder or a pattern.
    """

    texts: tuple[GivenText, ...] = ()
    shown: tuple[File, ...] = ()
    is_one: bool = False

    @property
    def text(self) -> str:
        """All texts as one: the only one as it is, several under their names."""
        if self.is_one and self.texts:
            return self.texts[0].text
        return "\n\n".join(each.block for each in self.texts)

    @property
    def added(self) -> str:
        """The texts as they are added to a task or a message."""
        return "".join(f"\n\n{each.block}" for each in self.texts)


NOTHING = Given()


def read_files(given: Sequence[Path] | None) -> Given:
    """Read what `-f` names, and say what of folders and patterns is left out.

    Raises:
        InvalidInput: there is no such file, or it cannot be read.
        NotText, TooMuchGiven, NothingOnStdin: it is not a text, too much, or not there.
    """
    reading = _Reading()
    for path in given or ():
        reading.take(path)
    return reading.given(is_one=len(given or ()) == 1)


def read_texts(given: Sequence[Path] | None, who: str, instead: str) -> Given:
    """The same for what takes no images and PDFs.

    Args:
        given: what `-f` names.
        who: what takes only texts, such as "a team".
        instead: what to do with an image.

    Raises:
        InvalidInput, NotText, TooMuchGiven, NothingOnStdin: as for `read_files`, or it is an image.
    """
    found = read_files(given)
    if found.shown:
        name = Path(found.shown[0].path).name
        raise NotText(
            f"{head(name, _SHOWN)} is an image or a PDF, and {who} takes texts", hint=instead
        )
    return found


def read_text(file: Path) -> str:
    """The text of one file; the file `-` is stdin.

    Raises:
        InvalidInput: there is no such file, or it cannot be read.
        NotText, TooMuchGiven, NothingOnStdin: it is not a text, too large, or not there.
    """
    return plain_text(_content(file), _called(file))


class _Reading:
    """Files as they are read, with a bound on what they have together."""

    def __init__(self) -> None:
        self._texts: list[tuple[Path, str, str]] = []
        self._shown: list[File] = []
        self._bytes = 0
        self._is_one = True

    def take(self, path: Path) -> None:
        """Read a file, or those of a folder or a pattern."""
        if str(path) != STDIN and path.is_dir():
            self._take_folder(path)
        elif str(path) != STDIN and not path.exists() and glob.has_magic(str(path)):
            self._take_pattern(str(path))
        else:
            self._take_file(path, path.name if path.is_absolute() else str(path))

    @property
    def _count(self) -> int:
        return len(self._texts) + len(self._shown)

    def given(self, *, is_one: bool) -> Given:
        names = Counter(name for _, name, _ in self._texts)
        texts = (
            GivenText(PIPED if str(path) == STDIN else str(path) if names[name] > 1 else name, text)
            for path, name, text in self._texts
        )
        return Given(tuple(texts), tuple(self._shown), is_one and self._is_one)

    def _take_file(self, path: Path, name: str) -> None:
        if str(path) != STDIN and _is_shown(path):
            self._shown.append(File(path))
        else:
            content = _content(path)
            self._add(path, name, plain_text(content, _called(path)), len(content))

    def _add(self, path: Path, name: str, text: str, count: int) -> None:
        self._bytes += count
        if self._bytes > MAX_INPUT_BYTES or len(self._texts) >= MOST_FILES:
            raise TooMuchGiven(
                f"the files have more than {MAX_INPUT_BYTES:,} bytes together"
                if self._bytes > MAX_INPUT_BYTES
                else f"more than {MOST_FILES:,} files are given",
                why=f"a task has at most {MAX_INPUT_BYTES:,} bytes and {MOST_FILES:,} files; {name} "
                "is the first that is too much",
                hint="name fewer files, let an agent look for itself with --cwd DIR, or do each "
                "file with `pagents map`",
            )
        self._texts.append((path, name, text))

    def _take_pattern(self, pattern: str) -> None:
        self._is_one = False
        above, rest = _split(pattern)
        left, before = _LeftOut(), self._count
        for path in _matching(above, rest, left) if above.is_dir() else ():
            self._take_found(path, str(path), left, shows=True)
        if self._count == before:
            ignored = "what .gitignore names, hidden files and links out of the folder are left out"
            raise InvalidInput(
                f"no file matches {head(pattern, _SHOWN)}",
                why="; ".join(map(str.strip, left.told)) or ignored,
                hint="write a pattern such as -f 'src/**/*.py', or name the files",
            )
        left.tell(pattern, self._count - before)

    def _take_folder(self, path: Path) -> None:
        self._is_one = False
        root, below = _rooted(path)
        left, before = _LeftOut(), self._count

        def enters(folder: str) -> bool:
            if is_hidden := PurePath(folder).name.startswith("."):
                left.hidden.append(f"{path / PurePath(folder).relative_to(below)}/")
            return not is_hidden

        for kept in IgnoreFiles(Folder(root)).walk(below, enters):
            shown = path / PurePath(kept.path or ".").relative_to(below)
            for name in kept.names:
                if name.startswith("."):
                    left.hidden.append(str(shown / name))
                else:
                    self._take_found(root / kept.path / name, str(shown / name), left, shows=False)
            left.links += (str(shown / name) for name in _links(root / kept.path))
        count = self._count - before
        if not count:
            raise InvalidInput(
                f"the folder {head(str(path), _SHOWN)} has no text file",
                why="; ".join(map(str.strip, left.told))
                or "it is empty, or .gitignore names all of it",
                hint="name the files: -f FILE",
            )
        left.tell(str(path), count)

    def _take_found(self, path: Path, name: str, left: _LeftOut, *, shows: bool) -> None:
        """Take a file that was not named itself, if it is one that agents read."""
        if _is_shown(path):
            if shows:
                self._shown.append(File(path))
            else:
                left.images.append(name)
            return
        content = _content(path)
        try:
            text = plain_text(content, name)
        except NotText:
            left.binary.append(name)
            return
        self._add(path, name, text, len(content))


class _LeftOut:
    """What of a folder or a pattern is not taken."""

    def __init__(self) -> None:
        self.binary: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self.hidden: list[str] = []

    @property
    def told(self) -> Sequence[str]:
        """A line for each kind."""
        named = (
            ("not UTF-8 text", self.binary),
            ("an image or PDF, which -f shows if it is named", self.images),
            ("a link", self.links),
            ("hidden", self.hidden),
        )
        return [f"  left out, {why}: {_some(sorted(names))}" for why, names in named if names]

    def tell(self, what: str, count: int) -> None:
        files = "1 file" if count == 1 else f"{count:,} files"
        render.note(f"Read {files} from {format.one_line(head(what, _SHOWN))}")
        for line in self.told:
            render.note(line)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(format.one_line(name) for name in names[:_MOST_NAMED]) + more


def _rooted(path: Path) -> tuple[Path, str]:
    """The folder from which `.gitignore` files count, that of the repository, and the path below it."""
    resolved = real_path(path)
    above = (resolved, *resolved.parents)
    here = Path.cwd()
    default = here if resolved.is_relative_to(here) else resolved
    root = next((each for each in above if (each / ".git").exists()), default)
    return root, str(resolved.relative_to(root))


def _split(pattern: str) -> tuple[Path, str]:
    """The folder before the first step that has a wildcard, and the pattern below it."""
    steps = Path(pattern).expanduser().parts
    first = next(number for number, step in enumerate(steps) if glob.has_magic(step))
    return Path(*steps[:first]), "./" + "/".join(steps[first:])


def _matching(above: Path, pattern: str, left: _LeftOut) -> Iterator[Path]:
    """The files below a folder that match, without hidden ones, unless the pattern names such.

    A link is one of them if it leads to a file below the folder.
    """
    root, below = _rooted(above)
    names_hidden = "/." in pattern[1:]
    levels = sys.maxsize if "**" in pattern else pattern.count("/")

    def enters(folder: str) -> bool:
        steps = PurePath(folder).relative_to(below).parts
        return len(steps) < levels and (names_hidden or not steps[-1].startswith("."))

    for kept in IgnoreFiles(Folder(root)).walk(below, enters):
        folder = Path(kept.path or ".").relative_to(below)
        links = _links(root / kept.path)
        for name in sorted((*kept.names, *links)):
            path = folder / name
            is_hidden = name.startswith(".") and not names_hidden
            if is_hidden or not path_matches(pattern, str(path)):
                continue
            target = real_path(above / path)
            if name not in links or (target.is_file() and target.is_relative_to(real_path(above))):
                yield above / path
            else:
                left.links.append(str(above / path))


def _links(folder: Path) -> list[str]:
    """The links in a folder, which are not followed."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_symlink())


def _is_shown(path: Path) -> bool:
    """Whether a file is an image or a PDF; what is not a regular file can be read but once."""
    if not path.is_file():
        return False
    try:
        with open_given(path) as file:
            return is_attachable(file.read(HEAD_BYTES))
    except OSError:
        return False  # whoever reads it says why it cannot


def _content(file: Path) -> bytes:
    """All of a file, if it is not larger than any task may be."""
    if str(file) == STDIN:
        content = read_stdin(MAX_INPUT_BYTES)
    else:
        try:
            with open_given(file) as opened:
                content = opened.read(MAX_INPUT_BYTES + 1)
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the file {head(str(file), _SHOWN)} cannot be read",
                why=getattr(error, "strerror", None) or str(error),
                hint="name a file, a pattern such as 'src/**/*.py', or a folder",
            ) from error
    if len(content) > MAX_INPUT_BYTES:
        raise TooMuchGiven(
            f"{_called(file)} is too large",
            why=f"a task and its input have at most {MAX_INPUT_BYTES:,} bytes",
            hint="split the work into several tasks",
        )
    return content


def _called(file: Path) -> str:
    return PIPED if str(file) == STDIN else str(file)
