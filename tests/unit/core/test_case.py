"""A case asks for something, checks something, and has files only in its own workspace."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case, digest_of
from parallel_agents.core.gate import ConditionGate, JudgeGate
from parallel_agents.errors import InvalidInput

CHECKS = (ConditionGate(condition="len(text) > 0"),)
WRITER = Agent("writer", instructions="Write.")


def test_a_case_that_asks_for_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="asks for nothing"):
        Case(id="one", checks=CHECKS)


def test_a_case_that_checks_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="checks nothing"):
        Case(id="one", text="Write.")


def test_a_judge_is_no_check_and_is_refused_with_the_field_to_write() -> None:
    with pytest.raises(InvalidInput) as refused:
        Case(id="one", text="Write.", checks=(JudgeGate(rubric="Good."),))

    assert "rubric" in refused.value.hint


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", ".git/config", "", "a\nb"])
def test_a_path_that_leaves_the_workspace_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="not the path"):
        Case(id="one", text="Write.", checks=CHECKS, files={path: ""})


def test_changed_files_need_files_that_were_there_before() -> None:
    with pytest.raises(InvalidInput, match="changes files"):
        Case(id="one", text="Write.", checks=CHECKS, changed={"a": ""})


def test_the_digest_changes_with_the_agent_and_with_its_cases() -> None:
    one, other = (Case(id=id, text="Write.", checks=CHECKS) for id in ("one", "other"))
    longer = Agent("writer", instructions="Write more.")

    digests = {digest_of(WRITER, [one]), digest_of(longer, [one]), digest_of(WRITER, [other])}

    assert len(digests) == 3
    assert digest_of(WRITER, [one]) in digests
