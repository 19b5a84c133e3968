"""Folder: a tree of files that no path leaves, whoever changes it meanwhile.

Each step of a path is opened by the descriptor of the folder before it and never follows a link;
links are read and walked here, so that none leads out, even if it is put there between two steps.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from parallel_agents.core.cutting import head
from parallel_agents.core.tool import ToolError
from parallel_agents.database_files import check_not_in_use

MAX_PATH_CHARACTERS = 4096
_MOST_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What gives a folder power over the programs that work in it; tools do not write there.
_GUARDED = frozenset({".git", ".mcp.json", ".parallel-agents"})


# Raises if the file at a path from the root, without links, is not to be opened.
Check: TypeAlias = Callable[[str], None]


class PathRefused(ToolError):
    """A path cannot be used as it was asked."""


class PathMissing(PathRefused):
    """A folder on the way does not exist.

    Attributes:
        folder: the folder's path.
        real_path: where the whole path would lead.
    """

    def __init__(self, folder: str, real_path: str) -> None:
        super().__init__(f"there is no {folder}")
        self.folder = folder
        self.real_path = real_path


class Entry(NamedTuple):
    """What a folder contains.

    Attributes:
        path: from the root, with `/` between its steps.
        is_folder: whether it is a folder; a link is not followed.
    """

    path: str
    is_folder: bool


class Location(NamedTuple):
    """A name in an open folder, which may not exist.

    Attributes:
        folder: the descriptor of the folder.
        path: from the root, without links.
    """

    folder: int
    name: str
    path: str


def _allowed(_path: str) -> None:
    pass


class Folder:
    """The files under `root`, by relative paths, or absolute ones that begin with it.

    Every method raises `PathRefused` for a path that leaves the folder, and for one that cannot be
    used as asked: it says why in words for a model.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        return self._root

    @contextmanager
    def locate(self, path: str) -> Generator[Location]:
        """The last folder of a path, open, and the name in it; all links are resolved."""
        with ExitStack() as stack:
            yield self._locate(stack, path)

    def read(self, path: str, most_bytes: int, check: Check = _allowed) -> bytes:
        """The content of a file of at most `most_bytes`."""
        with self.locate(path) as at:
            check(at.path)
            with _open_file(at, path) as descriptor:
                size = os.fstat(descriptor).st_size
                if size > most_bytes:
                    raise PathRefused(
                        f"{path} has {size:,} bytes, more than the {most_bytes:,} allowed"
                    )
                return _all_of(descriptor, most_bytes, path)

    @contextmanager
    def open(self, path: str, check: Check = _allowed) -> Generator[int]:
        """A file, open for reading, of any size."""
        with self.locate(path) as at:
            check(at.path)
            with _open_file(at, path) as descriptor:
                yield descriptor

    def write(self, path: str, content: bytes, check: Check = _allowed) -> bool:
        """Replace or make a file as a whole, and the folders to it; return whether it is new.

        A file keeps its mode. One that has several names (hard links) gets content of its own, so
        that a name outside of the folder keeps what it had.
        """
        _check_writable(path)
        with self._located_in_new_folders(path, check) as at:
            _check_writable(at.path)
            check(at.path)
            return _replace(at, content, path)

    def real_path(self, path: str) -> str:
        """A path from the root, without links, even of what does not exist yet."""
        try:
            with self.locate(path) as at:
                return at.path
        except PathMissing as missing:
            return missing.real_path

    def entries(self, path: str = ".") -> Iterator[Entry]:
        """What one folder contains, by name; links are entries and are not followed."""
        with ExitStack() as stack:
            at = self._locate(stack, path)
            descriptor = at.folder if not at.name else _open_folder(stack, at, path)
            with os.scandir(descriptor) as found:
                entries = [
                    Entry(
                        f"{at.path}/{entry.name}".lstrip("/"), entry.is_dir(follow_symlinks=False)
                    )
                    for entry in found
                ]
        yield from sorted(entries)

    def is_file(self, path: str) -> bool:
        """Whether a path leads to a regular file."""
        try:
            with self.locate(path) as at:
                status = _status(at)
        except PathRefused:
            return False
        return status is not None and stat.S_ISREG(status.st_mode)

    def walk(self, path: str = ".") -> Iterator[tuple[str, list[str], list[str]]]:
        """The folders below a path as `os.walk` tells them, from the root; links are left out.

        The caller may shorten and sort the list of folders.
        """
        with ExitStack() as stack:
            at = self._locate(stack, path)
            descriptor = at.folder if not at.name else _open_folder(stack, at, path)
            for found, folders, files, here in os.fwalk(".", dir_fd=descriptor):
                folder = os.path.normpath(f"{at.path or '.'}/{found}")
                folders[:] = [name for name in folders if _has_kind(here, name, stat.S_ISDIR)]
                regular = [name for name in files if _has_kind(here, name, stat.S_ISREG)]
                yield "" if folder == "." else folder, folders, regular

    def _locate(self, stack: ExitStack, path: str) -> Location:
        """Walk a path; what it opens is closed by `stack`."""
        try:
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise PathRefused(f"the working folder cannot be used: {error.strerror}") from error
        stack.callback(os.close, descriptor)
        opened, names = [descriptor], list[str]()
        ahead = self._steps(path)[::-1]
        links = 0
        while ahead:
            step = ahead.pop()
            if step == "..":
                if not names:
                    raise _outside(path)
                names.pop()
                opened.pop()
                continue
            target = _link(opened[-1], step)
            if target is not None:
                links += 1
                if links > _MOST_LINKS:
                    raise PathRefused(f"{path} has links that lead in circles")
                if target.startswith("/"):
                    opened, names = opened[:1], []
                ahead += self._link_steps(target, path)[::-1]
            elif ahead:
                at = Location(opened[-1], step, "/".join((*names, step)))
                try:
                    opened.append(_open_folder(stack, at, path))
                except FileNotFoundError as error:
                    rest = "/".join(ahead[::-1])
                    real = os.path.normpath(f"{at.path}/{rest}")
                    if real.startswith(".."):
                        raise _outside(path) from error
                    raise PathMissing(at.path, real) from error
                names.append(step)
            else:
                return Location(opened[-1], step, "/".join((*names, step)))
        return Location(opened[-1], "", "/".join(names))

    def _steps(self, path: str) -> list[str]:
        """The steps of a path that somebody named."""
        _check_text(path)
        if path.startswith("/"):
            return self._link_steps(path, path)
        if path.startswith("~"):
            raise PathRefused(f"{path} begins with ~; paths are relative to the working folder")
        return _split(path)

    def _link_steps(self, target: str, path: str) -> list[str]:
        """The steps of a link's target, or of an absolute path, from the root of the folder."""
        if not target.startswith("/"):
            return _split(target)
        steps, root = _split(os.path.normpath(target)), _split(str(self._root))
        if steps[: len(root)] != root:
            raise _outside(path)
        return steps[len(root) :]

    @contextmanager
    def _located_in_new_folders(self, path: str, check: Check) -> Generator[Location]:
        """The place of a path, whose missing folders are made if it may be written."""
        for _ in range(MAX_PATH_CHARACTERS):
            with ExitStack() as stack:
                try:
                    at = self._locate(stack, path)
                except PathMissing as found:
                    missing = found
                else:
                    yield at
                    return
            _check_writable(missing.real_path)
            check(missing.real_path)
            self._make_folder(missing.folder, path)
        raise PathRefused(f"the folders of {path} vanish while they are made; try again")

    def _make_folder(self, folder: str, path: str) -> None:
        with self.locate(folder) as at:
            try:
                os.mkdir(at.name, dir_fd=at.folder)
            except FileExistsError:
                pass  # somebody else made it
            except OSError as error:
                raise _refused(error, at.path, path) from error


def _check_text(path: str) -> None:
    if not path.strip():
        raise PathRefused("the path is empty")
    if "\0" in path or len(path) > MAX_PATH_CHARACTERS:
        raise PathRefused(f"the path is too long or has a NUL: {head(path, 80)!r}")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise PathRefused("the path has half a character") from error


def _check_writable(path: str) -> None:
    guarded = next((step for step in _split(path) if step.casefold() in _GUARDED), None)
    if guarded is not None:
        raise PathRefused(f"{path} is not written: {guarded} decides what programs do here")


def _split(path: str) -> list[str]:
    return [step for step in path.split("/") if step not in {"", "."}]


def _outside(path: str) -> PathRefused:
    return PathRefused(f"{path} is outside of the working folder")


def _has_kind(folder: int, name: str, is_kind: Callable[[int], bool]) -> bool:
    try:
        return is_kind(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _link(folder: int, name: str) -> str | None:
    """The target of a link; None if it is not a link, or does not exist."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _open_folder(stack: ExitStack, at: Location, path: str) -> int:
    try:
        descriptor = os.open(at.name, _FOLDER, dir_fd=at.folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refused(error, at.path, path) from error
    stack.callback(os.close, descriptor)
    return descriptor


@contextmanager
def _open_file(at: Location, path: str) -> Generator[int]:
    """A regular file, open for reading."""
    if not at.name:
        raise PathRefused(f"{path} is a folder; list it with list_files")
    # Not blocking: a pipe would wait for a writer.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        check_not_in_use(os.stat(at.name, dir_fd=at.folder, follow_symlinks=False))
        descriptor = os.open(at.name, flags, dir_fd=at.folder)
    except OSError as error:
        raise _refused(error, at.path, path) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise PathRefused(f"{path} is a folder; list it with list_files")
        if not stat.S_ISREG(mode):
            raise PathRefused(f"{path} is not a file but a device, a pipe or a socket")
        yield descriptor
    finally:
        os.close(descriptor)


def _all_of(descriptor: int, most_bytes: int, path: str) -> bytes:
    """The rest of a file, which may grow while it is read."""
    pieces: list[bytes] = []
    size = 0
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            raise PathRefused(f"{path} grew beyond the {most_bytes:,} bytes allowed")
    return b"".join(pieces)


def _status(at: Location) -> os.stat_result | None:
    try:
        return os.stat(at.name or ".", dir_fd=at.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(error, at.path, at.path) from error


def _replace(at: Location, content: bytes, path: str) -> bool:
    """Write a file beside the old one, and put it in its place."""
    if not at.name:
        raise PathRefused(f"{path} is a folder")
    status = _status(at)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise PathRefused(f"{path} is not a file; it was left as it is")
    name = f".{secrets.token_hex(8)}.part"
    try:
        descriptor = os.open(name, _NEW_FILE, 0o666, dir_fd=at.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                if status is not None:
                    os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & 0o777)
            os.rename(name, at.name, src_dir_fd=at.folder, dst_dir_fd=at.folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(name, dir_fd=at.folder)
            raise
    except OSError as error:
        raise _refused(error, at.path, path) from error
    return status is None


def _refused(error: OSError, step: str, path: str) -> PathRefused:
    match error.errno:
        case errno.ENOENT:
            return PathRefused(f"there is no {step}")
        case errno.ENOTDIR:
            return PathRefused(f"{step} is not a folder")
        case errno.ELOOP:
            return PathRefused(f"{step} became a link while it was opened; try again")
        case errno.ENAMETOOLONG:
            return PathRefused(f"a name in {head(path, 80)} is too long")
        case _:
            return PathRefused(f"{path} cannot be used: {error.strerror or error}")
