"""Wording: errors as a model reads them, which has the tools and their arguments, and no command line.

Errors name what to change as a command takes it, and then as Python does: `--model local, in Python
model='local'`. A model is told the argument: `"model": "local"`.
"""

from __future__ import annotations

import re

_TOOLS = {
    "list": "sessions_list",
    "list --all": "sessions_list",
    "agents list": "agents_list",
    "teams list": "teams_list",
    "inbox": "questions_list",
    "send": "sessions_send",
    "show": "session_status",
}
_ARGUMENTS = {
    "agent": "agentId",
    "budget": "budgetUsd",
    "cwd": "cwd",
    "label": "label",
    "model": "model",
    "timeout": "runTimeoutSeconds",
}
_COMMAND = re.compile(rf"`pagents ({'|'.join(sorted(_TOOLS, key=len, reverse=True))})`")
_LIST_OF_ONE = re.compile(r"`pagents list [^`\s-][^`\s]*`")
_OBJECT = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_VALUE = rf"(?:'[^']*'|{_OBJECT}|\w[\w.]*(?:\([^)]*\))?)?"
_TASK = r"Task\(\.\.\., [^)]*\)(?:, or workspace=)?"
_IN_PYTHON = re.compile(rf" \(in Python [^)]*\)|[,;] in Python,? (?:{_TASK}|\w+={_VALUE})")
_INPUT = re.compile(r"(?:-i|--input) ([\w.-]+)=(\.\.\.|'[^']*'|[^\s;,]+)")
# A file or a folder that a command reads, which a tool does not.
_FILE = re.compile(r" or (?:-i [\w.-]+=@FILE|--workspace DIR)")
_OPTION = re.compile(
    rf"--({'|'.join(_ARGUMENTS)})(?:[ =]([A-Z]+|[\w-]+/[\w.-]+|local)(?![\w/]))?(?![\w-])"
)


def for_models(text: str) -> str:
    """A text with the tools in the place of the commands that do the same, and their arguments for options."""
    text = _COMMAND.sub(lambda found: _TOOLS[found[1]], text)
    text = _IN_PYTHON.sub("", _LIST_OF_ONE.sub("sessions_list", text))
    text = _INPUT.sub(_input, _FILE.sub("", text))
    return _OPTION.sub(_argument, text)


def _input(found: re.Match[str]) -> str:
    """An input as JSON has it; what a shell needs around it is left out."""
    text = found[2].strip("'")
    is_text = text == "..." or (text != found[2] and text[:1] not in {"[", "{"})
    value = f'"{text}"' if is_text else text
    return f'"input": {{"{found[1]}": {value}}}'


def _argument(found: re.Match[str]) -> str:
    name = _ARGUMENTS[found[1]]
    return f'"{name}"' if found[2] is None else f'"{name}": "{found[2]}"'
