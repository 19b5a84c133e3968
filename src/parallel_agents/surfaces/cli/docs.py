"""`pagents docs`: the pages of the documentation, and what an error code means, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import NotFound
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.doc_files import docs_folder
from parallel_agents.views import cells

_ERRORS = "errors"
_SECTION = re.compile(r"^## (PA-E\d{3})\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)

_CODE = re.compile(r"(?i)(?:PA-)?E\d+")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)]) ")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_SENTENCE = re.compile(r"(?<=[.?]) (?=[A-Z`])")


def docs(
    name: Annotated[
        str | None,
        typer.Argument(
            help="An error code, such as E104, or a page, such as settings.", metavar="NAME"
        ),
    ] = None,
) -> None:
    """Show what an error code means, or a page of the documentation; without a name, list all."""
    if name is None:
        _list()
        return
    sections = _sections()
    if _CODE.fullmatch(name):
        wanted = full_code(name)
        render.line(wanted, "bold")
        text = sections[wanted]
    else:
        text = _page(name).read_text("utf-8")
    if not render.out().is_terminal:
        for line in _plain(text.splitlines()):
            render.line(line)
        return
    for line in _plain(paragraphs(text)):
        further = "  " if line[:1] in " |" or _ITEM.match(line) else ""
        for part in cells.wrapped(line, render.out().width, further):
            render.line(part)


def pages() -> dict[str, Path]:
    """The file of each page by its name, such as `settings` or `decisions/0007-...`."""
    folder = docs_folder()
    files = sorted(folder.rglob("*.md"), key=lambda file: (len(file.parts), file))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def _page(name: str) -> Path:
    """The file of a page; a decision is named by its number, too.

    Raises:
        NotFound: there is none.
    """
    found, wanted = pages(), name.removeprefix("docs/").removesuffix(".md")
    numbered = {
        each: file for each, file in found.items() if each.startswith(f"decisions/{wanted}-")
    }
    if wanted in found or len(numbered) == 1:
        return found.get(wanted) or next(iter(numbered.values()))
    names = [each for each in found if not each.startswith("decisions/")]
    raise NotFound(
        f"there is no page {name!r}", hint=did_you_mean(wanted, names, "`pagents docs` lists all")
    )


def _list() -> None:
    render.line("Pages", "bold")
    for name, file in pages().items():
        if "/" not in name:
            render.line(f"  {name:<18} {_title(file)}")
    render.line("Error codes", "bold")
    for known, text in _sections().items():
        render.line(f"  {known}  {_first_sentence(text)}")


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as opened:
        return opened.readline().strip("# \n")


def full_code(code: str) -> str:
    """An error code in full; `E301` is short for `PA-E301`.

    Raises:
        NotFound: no error has this code.
    """
    full = f"PA-{code.upper().removeprefix('PA-')}"
    if full not in _sections():
        raise NotFound(f"no error has the code {code!r}", hint="`pagents docs` lists them")
    return full


def _sections() -> dict[str, str]:
    page = pages()[_ERRORS].read_text("utf-8")
    return {code: text.strip() for code, text in _SECTION.findall(page)}


def _first_sentence(text: str) -> str:
    """The first sentence of a paragraph, which may be on several lines."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return _SENTENCE.split(paragraph, maxsplit=1)[0]


def paragraphs(markdown: str) -> list[str]:
    """Its lines, with each paragraph and each item of a list on one, so that a terminal wraps it once."""
    lines: list[str] = []
    is_example = is_open = False
    for line in markdown.splitlines():
        is_fence = line.lstrip().startswith("```")
        is_example ^= is_fence
        text = line.strip()
        is_prose = bool(text) and not (is_fence or is_example or text[0] in "|#<>")
        if is_prose and is_open and not _ITEM.match(text):
            lines[-1] = f"{lines[-1]} {text}"
        else:
            lines.append(line)
        is_open = is_prose
    return lines


def _plain(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a section as they are read on a terminal: examples are indented, links are words."""
    is_example = False
    for line in lines:
        if line.startswith("```"):
            is_example = not is_example
        elif is_example:
            yield f"  {line}"
        else:
            yield _LINK.sub(r"\1", line)
