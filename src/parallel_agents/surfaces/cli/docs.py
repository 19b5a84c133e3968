"""`pagents docs`: what an error code means; the last line of each error refers to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.errors import NotFound
from parallel_agents.surfaces.cli import render

_PACKAGE = Path(__file__).parents[2]
# A wheel carries the page inside; a checkout has it among its other pages.
_PAGES = (_PACKAGE / "errors.md", _PACKAGE.parents[1] / "docs" / "errors.md")
_SECTION = re.compile(r"^## (PA-E\d{3})\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_SENTENCE = re.compile(r"(?<=[.?]) (?=[A-Z`])")


def docs(
    code: Annotated[
        str | None, typer.Argument(help="An error code, such as E104.", metavar="CODE")
    ] = None,
) -> None:
    """Show what an error code means and what to do about it; without a code, list all codes."""
    sections = _sections()
    if code is None:
        for known, text in sections.items():
            render.line(f"{known}  {_first_sentence(text)}")
        return
    wanted = full_code(code)
    render.line(wanted, "bold")
    for line in _plain(sections[wanted]):
        render.line(line)


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
    page = next(page for page in _PAGES if page.is_file())
    return {code: text.strip() for code, text in _SECTION.findall(page.read_text("utf-8"))}


def _first_sentence(text: str) -> str:
    """The first sentence of a paragraph, which may be on several lines."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return _SENTENCE.split(paragraph, maxsplit=1)[0]


def _plain(markdown: str) -> Iterator[str]:
    """The lines of a section as they are read on a terminal: examples are indented, links are words."""
    is_example = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            is_example = not is_example
        elif is_example:
            yield f"  {line}"
        else:
            yield _LINK.sub(r"\1", line)
