"""Case: a task that an agent is tested on, with the checks that its answer should pass.

The agent does not know that it is tested: its answer is judged once, when it is final, and what a check
finds is never told to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson
from typing_extensions import override

from parallel_agents.core.agent import NAME_PATTERN, Agent, T
from parallel_agents.core.checked import Checked
from parallel_agents.core.gate import AnyGate, JudgeGate, ScoreGate
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import InvalidInput

MOST_CASES = 200
AT_LEAST = 7.0
_MOST_FILES = 200
_DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Checked):
    """A task for an agent, and what its answer should be like.

    Attributes:
        id: lower-case letters, digits and underscores; unique among the cases of an agent.
        text: what to do.
        input: values for the agent's input.
        files: the contents of the files of a workspace that is made for the case, by their paths; they
            are committed.
        changed: what is written there after the commit, as someone's changes to look at.
        checks: are decided in code: conditions, patterns, sources, functions and commands. Commands run
            in the workspace.
        rubric: what makes an answer good, for a judge; empty for none.
        at_least: the score that the rubric asks for, 0 to 10.
        needs: what must be there besides the agent's own tools, such as the web.

    Raises:
        InvalidInput: it asks for nothing, checks nothing, or a path leads out of the workspace.
    """

    id: str
    text: str = ""
    input: JsonObject = field(default_factory=dict[str, Json])
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    changed: Mapping[str, str] = field(default_factory=dict[str, str])
    checks: tuple[AnyGate, ...] = ()
    rubric: str = ""
    at_least: float = AT_LEAST
    needs: Literal["web"] | None = None

    @override
    def _check(self) -> None:
        if not re.fullmatch(NAME_PATTERN, self.id):
            raise InvalidInput(
                f"{self.id[:80]!r} is not the id of a case",
                why="an id has lower-case letters, digits and underscores, a letter first, at most 64",
                hint="choose a short id, such as off_by_one",
            )
        if not self.text.strip() and not self.input:
            raise InvalidInput(
                f"the case {self.id} asks for nothing",
                hint="add `text: ...`, or `input: ...` with what the agent takes",
            )
        if not self.checks and not self.rubric.strip():
            raise InvalidInput(
                f"the case {self.id} checks nothing",
                why="any answer would pass it",
                hint="add `checks:`, or a `rubric: ...` for a judge",
            )
        for check in self.checks:
            if isinstance(check, JudgeGate | ScoreGate):
                raise InvalidInput(
                    f"the case {self.id} has a {check.kind} among its checks",
                    why="checks say yes or no, in code",
                    hint="write what a judge is to read as `rubric: ...`, and the score as `at_least: 7`",
                )
        if not 0 <= self.at_least <= 10:
            raise InvalidInput(
                f"the case {self.id} asks for a score of {self.at_least:g}",
                hint="choose one from 0 to 10",
            )
        self._check_files()

    def _check_files(self) -> None:
        if len(self.files) + len(self.changed) > _MOST_FILES:
            raise InvalidInput(
                f"the case {self.id} has more than {_MOST_FILES} files",
                hint="leave only those that the agent needs",
            )
        if self.changed and not self.files:
            raise InvalidInput(
                f"the case {self.id} changes files, and has none",
                why="`changed` is written after `files` are committed",
                hint="add `files:` as they are before the change",
            )
        for path in (*self.files, *self.changed):
            if not _is_inside(path):
                raise InvalidInput(
                    f"{path[:80]!r} is not the path of a file in a workspace",
                    hint="write it with `/`, from the workspace on, such as src/app.py",
                )

    @property
    def has_workspace(self) -> bool:
        return bool(self.files)


def digest_of(agent: Agent[T], cases: Iterable[Case]) -> str:
    """What two tests share if they are of the same version of an agent and of its cases."""
    whole = orjson.dumps([agent, list(cases)], option=orjson.OPT_SORT_KEYS)
    if not agent.examples:  # so that what was tested before agents could have any still counts
        definition, tested = orjson.loads(whole)
        del definition["examples"]
        whole = orjson.dumps([definition, tested])
    return hashlib.sha256(whole).hexdigest()[:_DIGEST_CHARACTERS]


def _is_inside(path: str) -> bool:
    steps = path.split("/")
    return path.isprintable() and not {"", ".", "..", ".git"} & set(steps) and "\\" not in path
