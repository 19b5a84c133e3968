from __future__ import annotations

import io
import os
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from parallel_agents.errors import InvalidInput, NotText, TooMuchGiven
from parallel_agents.surfaces.cli import given_files
from parallel_agents.surfaces.cli.given_files import Given, GivenText, read_files, read_texts

PNG = b"\x89PNG\r\n\x1a\n...."
FILES = {
    ".gitignore": b"build/\n*.log\n",
    "notes.txt": b"notes\n",
    "odd[1].txt": b"odd\n",
    "marked.txt": b"\xef\xbb\xbfmarked",
    "latin.txt": "Größe".encode("latin-1"),
    "wide.txt": "wide".encode("utf-16"),
    "half.txt": b"x" * 2_000_000,
    "huge.txt": b"x" * 4_000_001,
    "build/out.txt": b"out\n",
    "empty/only.log": b"log\n",
    "src/.env": b"KEY=1\n",
    "src/.cache/x.py": b"x\n",
    "src/a.py": b"a = 1\n",
    "src/b.py": b"b = 2\n",
    "src/c.log": b"log\n",
    "src/data.bin": b"\x00\x01\x02",
    "src/logo.png": PNG,
    "src/deep/c.py": b"c = 3\n",
}


class Case(TypedDict, total=False):
    what: str
    given: list[str]
    stdin: str
    texts: list[str]
    shown: list[str]
    left_out: list[str]
    message: str
    hint: str


CASES = TypeAdapter(dict[str, list[Case]]).validate_python(
    tomllib.loads((Path(__file__).parent / "data/given_files.toml").read_text())
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "src/outside").symlink_to("/etc")
    (tmp_path / "src/circle").symlink_to("circle")
    (tmp_path / "src/twin.py").symlink_to("a.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(case: Case, monkeypatch: pytest.MonkeyPatch) -> Given:
    stdin = io.TextIOWrapper(io.BytesIO(case.get("stdin", "").encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    return read_files([Path(each) for each in case.get("given", [])])


@pytest.mark.parametrize("case", CASES["taken"], ids=lambda case: case["what"])
def test_what_is_taken(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read(case, monkeypatch)

    told = " ".join(capsys.readouterr().err.split())
    assert [each.name for each in found.texts] == case.get("texts")
    assert [Path(each.path).name for each in found.shown] == case.get("shown", [])
    assert [line for line in case.get("left_out", []) if f"left out, {line}" not in told] == []


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["what"])
def test_what_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(case, monkeypatch)

    assert refused.value.message == case.get("message")
    assert case.get("hint", "") in refused.value.hint


def test_more_files_than_a_task_may_have_are_refused(project: Path) -> None:
    for number in range(given_files.MOST_FILES + 1):
        (project / "src" / f"n{number}.txt").write_text("x")

    with pytest.raises(TooMuchGiven, match="more than 1,000 files"):
        read_files([Path("src")])


def test_a_single_file_is_its_text_and_several_are_under_their_names() -> None:
    assert read_files([Path("notes.txt")]).text == "notes\n"
    assert read_files([Path("notes.txt"), Path("src/a.py")]).text == (
        "File notes.txt:\n```\nnotes\n```\n\nFile src/a.py:\n```\na = 1\n```"
    )


def test_a_text_cannot_leave_its_fence() -> None:
    assert GivenText("x.md", "````\ncode\n````").block.startswith("File x.md:\n`````\n")


def test_two_files_of_one_name_are_told_apart(project: Path) -> None:
    other = project / "other" / "a.py"
    other.parent.mkdir()
    other.write_text("other")

    found = read_files([project / "src/a.py", other])

    assert [each.name for each in found.texts] == [str(project / "src/a.py"), str(other)]


def test_a_pipe_is_read_once_and_is_a_text(project: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)

    found = read_files([Path(f"/dev/fd/{reader}")])

    os.close(reader)
    assert found.text == "from a pipe"


def test_an_image_is_refused_where_only_texts_are_taken() -> None:
    with pytest.raises(
        NotText, match=r"logo\.png is an image or a PDF, and a team takes"
    ) as refused:
        read_texts([Path("src/logo.png")], "a team", "use spawn")

    assert refused.value.hint == "use spawn"
