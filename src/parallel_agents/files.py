"""Files: written whole or not at all; those of the home can be read by their user alone."""

from __future__ import annotations

import errno
import logging
import os
import stat
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput
from parallel_agents.links import real_path, through_links

_log = logging.getLogger("parallel_agents")

_PUBLIC, _PRIVATE, _PRIVATE_FOLDER = 0o644, 0o600, 0o700
_OTHERS = 0o077
_PIECE_BYTES = 1 << 20
_IS_FOLDER = "it is a folder"
# Why a file cannot be written, where the system's words are no help to a person.
_WHY = {
    errno.ENOENT: "its folder is missing, or cannot be made",
    errno.EACCES: "this user may not write there",
    errno.EROFS: "its disk can only be read",
    errno.ENOSPC: "its disk is full",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ELOOP: "its links lead to each other",
}


def write_whole(target: Path, content: bytes) -> None:
    """Replace a file in one step, and make its missing folders; other users may read it.

    A link stays, and what it leads to is replaced. A device or a pipe is written to.

    Raises:
        InvalidInput: the file cannot be written.
    """
    with _told(target):
        make_folders(target.parent)
        _put(target, (content,), _PUBLIC)


def write_private(target: Path, content: bytes) -> None:
    """Like `write_whole`, but only this user can read the file, and the folders that it needs.

    Raises:
        InvalidInput: the file cannot be written.
    """
    write_private_pieces(target, (content,))


def write_private_pieces(target: Path, pieces: Iterable[bytes]) -> None:
    """The same for content in parts; if getting one fails, the file stays as it was.

    Raises:
        InvalidInput: the file cannot be written.
    """
    with _told(target):
        make_private_folders(target.parent)
        _put(target, pieces, _PRIVATE)


def check_target(target: Path) -> None:
    """Refuse a file that could not be written, before the work whose result it is for.

    Raises:
        InvalidInput: it is a folder, or lies where this user may not write.
    """
    with _told(target):
        place = through_links(target)
        if place.is_dir():
            raise IsADirectoryError(errno.EISDIR, _IS_FOLDER)
        check_folder(place.absolute().parent)


def check_free(target: Path, *, force: bool) -> None:
    """Refuse to replace a file that nobody said to replace; a device or a pipe is written to.

    Raises:
        InvalidInput: it is there, or could not be written.
    """
    check_target(target)
    if os.path.isfile(target) and not force:  # noqa: PTH113 - no error for what no file can be called
        raise InvalidInput(
            f"{shown(str(target))} is there already",
            why="no file is replaced that you may still want",
            hint="name another file; or replace it: --force, in Python force=True",
        )


def check_folder(folder: Path) -> None:
    """Refuse a folder that this user may not write to, or that could not be made.

    Raises:
        OSError: its `strerror` says why.
    """
    existing = _existing(folder)
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"this user may not write to {shown(str(existing))}")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there.

    Raises:
        NotADirectoryError: it can neither be used nor made.
    """
    ways = (folder.absolute(), *folder.absolute().parents)
    existing = next(each for each in ways if each.exists() or each.is_symlink())
    if not existing.is_dir():
        what = "is not a folder" if existing.exists() else "is a link that leads nowhere"
        raise NotADirectoryError(errno.ENOTDIR, f"{shown(str(existing))} {what}")
    return existing


class Draft:
    """A file that is written in parts, and appears under its name only when it is kept."""

    def __init__(self, file: BinaryIO, beside: Path, target: Path) -> None:
        self._file = file
        self._beside = beside
        self._target = target

    def write(self, piece: bytes) -> None:
        """Add a part.

        Raises:
            InvalidInput: the disk does not take it.
        """
        with _told(self._target):
            self._file.write(piece)

    def keep(self, *, replace: bool) -> None:
        """Give the file its name.

        Raises:
            InvalidInput: there is a file of that name that may not be replaced.
        """
        with _told(self._target):
            self._file.close()
            self._beside.chmod(_PRIVATE)
            if replace:
                self._beside.replace(self._target)
                return
            try:
                self._target.hardlink_to(self._beside)
            except FileExistsError:
                raise
            except OSError:  # a disk without links
                self._beside.replace(self._target)


@contextmanager
def draft_of(target: Path) -> Generator[Draft]:
    """A file to write in parts that only this user can read; nothing of it stays unless it is kept.

    A device or a pipe is refused: to give a file its name would take it away from everybody.

    Raises:
        InvalidInput: it cannot be written.
    """
    with ExitStack() as stack:
        with _told(target):
            place = through_links(target)
            if place.is_dir():
                raise IsADirectoryError(errno.EISDIR, _IS_FOLDER)
            _check_free_of_databases(place)
            if place.exists() and not place.is_file():
                raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
            make_private_folders(place.parent)
            file, beside = stack.enter_context(_beside(place))
        yield Draft(file, beside, place)


def create_private_whole(target: Path, content: bytes) -> bool:
    """Like `write_private`, unless the file is there; of several who try, one creates it.

    Returns:
        Whether this call did.

    Raises:
        InvalidInput: the file cannot be written.
    """
    with _told(target):
        make_private_folders(target.parent)
        with _beside(target) as (file, beside):
            file.write(content)
            file.close()
            beside.chmod(_PRIVATE)
            try:
                target.hardlink_to(beside)
            except FileExistsError:
                return False
    return True


def open_private(path: Path) -> BinaryIO:
    """A file to append to that only this user can read, whoever made it; makes its folders.

    Raises:
        OSError: it cannot be opened.
    """
    make_private_folders(path.parent)
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE), "ab")
    make_private(path)
    return file


def create_private(database: Path) -> None:
    """Create a database that only this user can read, and the folders that it needs; an existing one stays.

    SQLite gives the files beside a database the mode of the database. If it cannot be created, SQLite
    says why.

    Raises:
        OSError: its folder cannot be made.
    """
    make_private_folders(database.parent)
    with suppress(OSError):
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))


def close_to_others(database: Path) -> None:
    """Close a database of ours, the files beside it, and its folder to others."""
    for end in ("", "-wal", "-shm"):
        make_private(database.with_name(database.name + end))
    make_private_folder(database.parent)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user can enter; an existing one is closed to others, and this is said.

    A folder that contains the current one, or the user's own, is left as it is: it serves other
    purposes too. Then the files in it are all that is closed.

    Raises:
        OSError: it cannot be made.
    """
    make_private_folders(folder)
    if not _is_open_to_others(folder):
        return
    if is_shared_place(folder) or not make_private(folder):
        what = "is open to other users; name another home, or close it with `chmod 700`"
    else:
        what = "was open to other users; it is now closed to them (0700)"
    _log.warning("the folder %s %s", folder, what)


def make_private(path: Path) -> bool:
    """Close a file or a folder to others; return whether it is closed. A missing one is left out.

    A device or a pipe is not ours, and stays as it is.
    """
    try:
        mode = path.stat().st_mode
        is_ours = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        if os.name == "posix" and is_ours and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except FileNotFoundError:
        return True  # made later, by us
    except OSError:  # of another user, or on a disk that cannot be written
        return False
    return True


def is_shared_place(folder: Path) -> bool:
    """Whether a folder contains the current one or the user's own, and so belongs to more than us."""
    folder = real_path(folder)
    try:
        inside = [Path.cwd(), Path.home()]
    except (OSError, RuntimeError):  # the current folder was deleted, or the user has none
        inside = []
    return any(real_path(place).is_relative_to(folder) for place in inside)


def _is_open_to_others(folder: Path) -> bool:
    return os.name == "posix" and bool(folder.stat().st_mode & _OTHERS)


@contextmanager
def _told(target: Path) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        # A NUL in a path is a ValueError, and a user without a folder of their own a RuntimeError.
        found = getattr(error, "strerror", None) or str(error)
        number = getattr(error, "errno", None)
        is_systems = number is not None and found == os.strerror(number)
        is_folder = isinstance(error, IsADirectoryError)
        raise InvalidInput(
            f"{shown(str(target))} cannot be written",
            why=_WHY.get(number or 0, found) if is_systems else found,
            hint=f"name a file in it, such as {shown(str(target / 'FILE'))}"
            if is_folder
            else "name a file in a folder that you may write to",
        ) from error


def _put(target: Path, pieces: Iterable[bytes], mode: int) -> None:
    """Replace a file where it is, through links; a device or a pipe is written to, and stays."""
    place = through_links(target)
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, _IS_FOLDER)
    _check_free_of_databases(place)
    if place.exists() and not place.is_file():
        with place.open("wb") as file:
            file.writelines(pieces)
        return
    _replace(place, pieces, mode)


def _check_free_of_databases(place: Path) -> None:
    """Refuse to replace a database that this process has open: what it writes would be lost."""
    if place.exists():
        # Whoever writes nothing need not load SQLite.
        from parallel_agents.database_files import check_path_not_in_use  # noqa: PLC0415 - heavy

        check_path_not_in_use(place)


def make_folders(folder: Path) -> None:
    """Make a folder, and each missing one above it; other users may read them.

    Raises:
        OSError: it cannot be made.
    """
    _existing(folder)
    folder.mkdir(parents=True, exist_ok=True)


def make_private_folders(folder: Path) -> bool:
    """Make a folder, and each missing one above it, for this user alone.

    Returns:
        Whether this call made the folder; of several who try, one does.

    Raises:
        OSError: it cannot be made.
    """
    _existing(folder)
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    is_made = False
    for place in reversed(missing):
        try:
            place.mkdir(mode=_PRIVATE_FOLDER)
            is_made = True
        except FileExistsError:
            is_made = False
    return is_made


def _replace(target: Path, pieces: Iterable[bytes], mode: int) -> None:
    with _beside(target) as (file, beside):
        file.writelines(pieces)
        file.close()
        beside.chmod(mode)
        beside.replace(target)


@contextmanager
def _beside(target: Path) -> Generator[tuple[BinaryIO, Path]]:
    """A new file in the target's folder, which is gone at the end unless it was renamed."""
    # Not called like the file, whose name may be as long as a name can be.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, beside
    finally:
        beside.unlink(missing_ok=True)


def pieces_of(file: Path) -> Iterator[bytes]:
    """The content of a file in parts; it is opened when the first one is asked for.

    Raises:
        InvalidInput: it cannot be read.
    """
    from parallel_agents.database_files import open_given  # noqa: PLC0415 - it loads SQLite

    try:
        with open_given(file) as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        raise InvalidInput(
            f"the file {file} cannot be read",
            why=error.strerror or str(error),
            hint="name a file that you may read",
        ) from error
