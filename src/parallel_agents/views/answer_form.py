"""Answer form: an answer as the file that it is: Markdown, or code with its suffix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.views import format

MARKDOWN = ".md"
# By what models write after the fence.
_SUFFIXES = {
    "bash": ".sh",
    "c": ".c",
    "c++": ".cpp",
    "cpp": ".cpp",
    "cs": ".cs",
    "csharp": ".cs",
    "css": ".css",
    "csv": ".csv",
    "diff": ".diff",
    "dockerfile": ".dockerfile",
    "go": ".go",
    "golang": ".go",
    "html": ".html",
    "java": ".java",
    "javascript": ".js",
    "js": ".js",
    "jsx": ".jsx",
    "kotlin": ".kt",
    "markdown": MARKDOWN,
    "md": MARKDOWN,
    "patch": ".diff",
    "php": ".php",
    "py": ".py",
    "python": ".py",
    "python3": ".py",
    "ruby": ".rb",
    "rust": ".rs",
    "scala": ".scala",
    "sh": ".sh",
    "shell": ".sh",
    "sql": ".sql",
    "svg": ".svg",
    "swift": ".swift",
    "terraform": ".tf",
    "toml": ".toml",
    "ts": ".ts",
    "tsx": ".tsx",
    "typescript": ".ts",
    "xml": ".xml",
    "yaml": ".yaml",
    "yml": ".yaml",
}
SUFFIXES = frozenset(_SUFFIXES.values())
_OPENING = re.compile(r"(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]*)[^\n`]*\n")


class AnswerForm(NamedTuple):
    """What is in the file of an answer; the suffix begins with a dot."""

    suffix: str
    text: str


def form_of(answer: Json) -> AnswerForm | None:
    """The file that an answer is; None if that is its JSON.

    An answer that is one block of code is code; any other text is Markdown, and so is an object, with
    its fields under headings.
    """
    if isinstance(answer, str):
        return _of_text(answer)
    if isinstance(answer, Mapping) and answer:
        return AnswerForm(MARKDOWN, "\n\n".join(map(_section, answer.items())) + "\n")
    return None


def _of_text(answer: str) -> AnswerForm | None:
    text = answer.strip()
    if not text or _is_json(text):
        return None
    return _code_of(text) or AnswerForm(MARKDOWN, text + "\n")


def _code_of(text: str) -> AnswerForm | None:
    """The code of a text that is one fenced block and nothing else."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    lines = text[opening.end() :].split("\n")
    fence, suffix = opening["fence"], _SUFFIXES.get(opening["language"].lower())
    closing = [n for n, line in enumerate(lines) if _closes(line, fence)]
    if suffix is None or closing[:1] != [len(lines) - 1]:
        return None
    return AnswerForm(suffix, "\n".join(lines[:-1]) + "\n")


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and not mark.strip(fence[0])


def _is_json(text: str) -> bool:
    if text[0] not in "{[":
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _section(field: tuple[str, Json]) -> str:
    name, value = field
    body = value.strip() if isinstance(value, str) else format.output(value)
    return f"## {format.one_line(name)}\n\n{body}".rstrip()
