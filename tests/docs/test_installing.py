"""Whoever has no pagents yet is never told to take what an index has by that name: there is no release on one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# `pagents[extra]` with the pip of an environment that has the package takes the one that is there.
_FROM_INDEX = re.compile(
    r"(?:pip|pipx|uv tool|uvx?)(?: install)?(?: --?[\w-]+)* [\"']?pagents(?![\w\[])"
)
_ANY = re.compile(r"install[^\n]*pagents\[")
_FOR_THOSE_WITHOUT = ("openclaw/skill", "plugins/texts")


def test_no_text_has_the_package_come_from_an_index() -> None:
    files = [
        path
        for folder in ("src", "docs", "skills")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md", ".sh") and path.is_file()
    ]
    texts = {path: path.read_text("utf-8") for path in files}

    assert len(texts) > 100
    assert [path for path, text in texts.items() if _FROM_INDEX.search(text)] == []
    without = [path for path in texts if any(part in str(path) for part in _FOR_THOSE_WITHOUT)]
    assert len(without) > 5
    assert [path for path in without if _ANY.search(texts[path])] == []
