"""The documentation works: its Python blocks and transcripts run, and its commands parse.

A `python` block runs as a script or, with `await` outside of functions, as a notebook cell.
A `console` block is a transcript: the lines after `$` run in order, page by page, in one project.
Their output is compared with the page: every line except ids and times, the exit code after
`echo $?`, and the keys of JSON. A `sh` block contains commands that need a network or a person; its
`pagents` lines are only parsed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from typer.core import TyperGroup

from parallel_agents.core.schema import Json
from parallel_agents.settings import PROFILE_VARIABLE, URL_VARIABLE
from parallel_agents.surfaces.cli.main import build

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCE = "def mean(values):\n    return sum(values) / len(values)\n"
CELL = """
import ast, asyncio, inspect, sys
with open(sys.argv[1], encoding="utf-8") as file:
    code = compile(file.read(), sys.argv[1], "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
cell = eval(code, {"__name__": "__main__"})
if inspect.iscoroutine(cell):
    asyncio.run(cell)
"""
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Ids and their first eight digits; versions; times of day; durations; hashes and their coverage.
_VARIES = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b[0-9a-f]{8}\b", "ID"),
    (r"\b\d+\.\d+\.\d+\b", "VERSION"),
    (r"\b\d{4}-\d\d-\d\d(?= \d\d:)", "DATE"),
    (r"\b\d\d:\d\d:\d\d\b", "CLOCK"),
    (r"--after \d+", "--after SEQ"),
    (r"\bin \d+ ms\b", "in MS"),
    (r"\b\d+\.\d+s\b", "SECONDS"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b\d+ events, \d+ links, \d+ runs\b", "CHAIN"),
    (r"\bversions up to \d+\b", "VERSIONS"),
)


class Block(NamedTuple):
    """A fenced block, and the line where it begins."""

    page: Path
    line: int
    text: str


class Shown(NamedTuple):
    """A command of a transcript, its output on the page, and its exit code."""

    command: str
    output: str
    code: int


def blocks(page: Path, language: str) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        if found.group(1) == language:
            yield Block(page, text.count("\n", 0, found.start()) + 1, found.group(2))


def name_of(value: object) -> str:
    if isinstance(value, Block):
        return f"{value.page.name}:{value.line}"
    return value.name if isinstance(value, Path) else str(value)


def transcript(text: str) -> list[Shown]:
    """The commands of a transcript; without `echo $?` a command exits with 0."""
    commands: list[Shown] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        if command == "echo $?":
            commands[-1] = commands[-1]._replace(code=int(output))
        else:
            commands.append(Shown(command, output, 0))
    return commands


def keys_of(value: Json) -> Json:
    """The shape of a JSON value: the nested keys of its objects."""
    if isinstance(value, Mapping):
        return {key: keys_of(child) for key, child in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [keys_of(value[0])] if value else []
    return None


def command_lines(page: Path) -> Iterator[str]:
    """Every `pagents` command of a page's shell blocks and transcripts."""
    for block in blocks(page, "console"):
        yield from (shown.command for shown in transcript(block.text))
    for block in blocks(page, "sh"):
        yield from block.text.splitlines()


def pagents_calls(line: str) -> Iterator[list[str]]:
    """The arguments of each call of `pagents` in a line of a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    call: list[str] = []
    for word in (*lexer, ";"):
        if not set(word) <= set(";|&<>()"):
            call.append(word)
            continue
        if call and call[0] == "pagents":
            yield call[1:]
        call = []


PYTHON = [block for page in PAGES for block in blocks(page, "python")]
# The README's transcript clones and sets up; `scripts/demo` and `scripts/test` do that for real.
TRANSCRIPTS = [page for page in PAGES[1:] if any(blocks(page, "console"))]
CALLS = sorted(
    {tuple(c) for page in PAGES for line in command_lines(page) for c in pagents_calls(line)}
)


@pytest.mark.parametrize("block", PYTHON, ids=name_of)
def test_a_python_block_runs(offline: Offline, block: Block) -> None:
    file = offline.project / "block.py"
    file.write_text(block.text, encoding="utf-8")

    ended = offline.run(["python", "-c", CELL, str(file)])

    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("page", TRANSCRIPTS, ids=name_of)
def test_a_transcript_runs_and_prints_the_output_on_the_page(offline: Offline, page: Path) -> None:
    (offline.project / "app.py").write_text(SOURCE)

    for block in blocks(page, "console"):
        for shown in transcript(block.text):
            ended = offline.run(["bash", "-c", f"set -o pipefail; {shown.command}"])

            assert ended.returncode == shown.code, f"{shown.command}\n{ended.stdout}"
            if shown.output.startswith("{"):
                check_keys(shown, ended.stdout)
            else:
                check_lines(shown, ended.stdout.replace(str(offline.home.parent), "/home/ana"))


def check_lines(shown: Shown, printed: str) -> None:
    """Check that every line on the page is printed, apart from times and generated values."""
    lines = {fixed(line) for line in printed.splitlines()}
    for line in shown.output.splitlines():
        assert line == "..." or fixed(line) in lines, f"{shown.command}\n{line}\n---\n{printed}"


def fixed(line: str) -> str:
    """The line without parts that differ between runs or machines."""
    for pattern, word in _VARIES:
        line = re.sub(pattern, word, line)
    return " ".join(line.split())


def check_keys(shown: Shown, printed: str) -> None:
    assert keys_of(json.loads(printed)) == keys_of(json.loads(shown.output)), shown.command


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_command_parses(call: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for chosen in (PROFILE_VARIABLE, URL_VARIABLE):  # by options, which set them for the process
        monkeypatch.setenv(chosen, "")
    command = build(call)
    rest = list(call)
    while isinstance(command, TyperGroup) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]

    context = command.make_context("pagents", rest)

    assert not context.args
