"""The folder of artifacts: whole contents or none, checked when they are read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.errors import ArtifactError, InvalidInput

MOST = 1_000_000
TEXT = b"Tea rises."
ID = hashlib.sha256(TEXT).hexdigest()


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def age(home: Path, seconds: float) -> None:
    for path in files(home):
        status = path.stat()
        os.utime(path, (status.st_atime, status.st_mtime - seconds))


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path / "home")


def test_a_content_is_named_by_its_hash_and_read_as_it_was(
    folder: ArtifactFolder, tmp_path: Path
) -> None:
    content = folder.put([TEXT[:3], TEXT[3:]], MOST)

    (path,) = files(tmp_path)
    assert content == (ID, len(TEXT), TEXT)
    assert path.name == ID[2:]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert folder.read(ID) == TEXT


def test_the_same_content_is_kept_once(folder: ArtifactFolder, tmp_path: Path) -> None:
    folder.put([TEXT], MOST)
    folder.put([TEXT], MOST)

    assert len(files(tmp_path)) == 1


def test_of_what_is_too_large_nothing_is_left(folder: ArtifactFolder, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="more than the 8 bytes"):
        folder.put([b"12345", b"6789"], 8)

    assert files(tmp_path) == []


def test_of_what_breaks_off_nothing_is_left(folder: ArtifactFolder, tmp_path: Path) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        folder.put(breaks(), MOST)

    assert files(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"Tea falls.", TEXT + b"!"])
def test_what_is_damaged_is_never_handed_out(
    folder: ArtifactFolder, tmp_path: Path, damage: bytes
) -> None:
    folder.put([TEXT], MOST)
    (path,) = files(tmp_path)
    path.write_bytes(damage)
    target = tmp_path / "out"

    with pytest.raises(ArtifactError, match="damaged"):
        folder.read(ID)
    with pytest.raises(ArtifactError, match="damaged"):
        folder.copy(ID, target)

    assert not target.exists()
    assert len(files(tmp_path)) == 1


def test_putting_it_again_mends_it(folder: ArtifactFolder, tmp_path: Path) -> None:
    folder.put([TEXT], MOST)
    files(tmp_path)[0].write_bytes(b"")

    folder.put([TEXT], MOST)

    assert folder.read(ID) == TEXT


@pytest.mark.parametrize("id", [ID, "", "../../../etc/passwd", ID.upper(), ID + "0"])
def test_what_is_not_there_is_told(folder: ArtifactFolder, id: str) -> None:
    with pytest.raises(ArtifactError):
        folder.read(id)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file")

    with pytest.raises(ArtifactError, match="cannot be written"):
        ArtifactFolder(home).put([TEXT], MOST)


def test_a_content_is_copied_to_a_file(folder: ArtifactFolder, tmp_path: Path) -> None:
    folder.put([TEXT], MOST)

    folder.copy(ID, tmp_path / "missing/out")

    assert (tmp_path / "missing/out").read_bytes() == TEXT
    modes = [
        stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "missing/out", tmp_path / "missing")
    ]
    assert modes == [0o600, 0o700]
    with pytest.raises(InvalidInput, match="cannot be written"):
        folder.copy(ID, tmp_path / "missing")


def test_only_what_is_old_may_go(folder: ArtifactFolder, tmp_path: Path) -> None:
    folder.put([TEXT], MOST)
    young = folder.older_than(60)
    age(tmp_path, 100)
    old = folder.older_than(60)
    folder.put([TEXT], MOST)
    folder.remove(ID, older_than=60)
    kept = folder.read(ID)
    age(tmp_path, 100)
    folder.remove(ID, older_than=60)

    assert [young, [each.id for each in old], kept] == [[], [ID], TEXT]
    assert files(tmp_path) == []


def test_what_another_process_removed_meanwhile_is_not_removed_again(
    folder: ArtifactFolder,
) -> None:
    folder.put([TEXT], MOST)

    assert folder.remove(ID, older_than=0)
    assert not folder.remove(ID, older_than=0)


def test_what_was_put_again_meanwhile_stays(folder: ArtifactFolder) -> None:
    folder.put([TEXT], MOST)

    assert not folder.remove(ID, older_than=3600)
    assert folder.read(ID) == TEXT


def test_what_a_killed_process_left_goes(folder: ArtifactFolder, tmp_path: Path) -> None:
    folder.put([TEXT], MOST)
    (tmp_path / "home/artifacts/.part-0123").write_bytes(b"half")
    folder.remove_leftovers(older_than=60)
    before = len(files(tmp_path))
    age(tmp_path, 100)
    folder.remove_leftovers(older_than=60)

    assert (before, len(files(tmp_path))) == (2, 1)
