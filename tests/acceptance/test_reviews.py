"""Reviews of pasted code, of a diff and of a repository, by the same agents."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from orjson import dumps

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import object_at, objects_at, text_at
from parallel_agents.testing import HttpError
from parallel_agents.testing.behaviour import answer_by_schema

if TYPE_CHECKING:
    from parallel_agents.core.schema import JsonObject
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

SESSIONS = "def login(user):\n    return user.token == 'secret-of-ana'\n"
DIFF = "--- a/sessions.py\n+++ b/sessions.py\n@@ -1 +1 @@\n-return True\n+return None\n"
REVIEW = '{"issues": [], "summary": "Fine."}'
TESTS = '{"tests": [{"name": "a", "input": "b", "why": "c", "expected": "d"}]}'
READING = {"read_file", "list_files", "glob", "grep"}


def tools_of(body: JsonObject) -> set[str]:
    return {text_at(object_at(tool, "function"), "name") for tool in objects_at(body, "tools")}


def reads_first(body: JsonObject) -> Reply:
    """A reviewer that reads a file, if it can, and reviews what it read."""
    if "read_file" not in tools_of(body):
        return answer_by_schema(body)
    messages = objects_at(body, "messages")
    if text_at(messages[-1], "role") != "tool":
        return [ToolCall("read", "read_file", {"path": "sessions.py"})]
    return TESTS if "test engineer" in text_at(messages[0], "content") else REVIEW


def is_editor(body: JsonObject) -> bool:
    return "merge what several reviewers" in text_at(objects_at(body, "messages")[0], "content")


def finds_login(body: JsonObject) -> Reply:
    """Reviewers that find one line, and an editor that at first makes one up."""
    messages = objects_at(body, "messages")
    if not is_editor(body):
        issue = {"line": "def login(user):", "problem": "p", "severity": "high", "fix": "f"}
        is_tester = "test engineer" in text_at(messages[0], "content")
        return TESTS if is_tester else dumps({"issues": [issue], "summary": "One."}).decode()
    is_told = "copied from one place" in text_at(messages[-1], "content")
    finding = {
        "reviewer": "code_reviewer",
        "line": "def login(user):" if is_told else "def made_up():",
    }
    issue = {"findings": [finding], "problem": "p", "severity": "high", "fix": "f"}
    return dumps({"issues": [issue], "summary": "Mend it."}).decode()


@pytest.fixture
def folder(pagents: Pagents, provider: FakeProvider) -> Path:
    provider.answer = reads_first
    pagents.file("sessions.py", SESSIONS)
    pagents.file("change.diff", DIFF)
    return pagents.folder


def test_a_reviewer_with_a_workspace_reads_there_and_answers_as_always(
    pagents: Pagents, provider: FakeProvider, folder: Path
) -> None:
    del folder
    task = ("spawn", "code_reviewer", "Review the session handling.")

    there = pagents.items(*task, "--workspace", ".", "--wait")
    in_place = pagents.items(*task, "--cwd", ".", "--wait")
    pasted = pagents.items(*task, "-f", "sessions.py", "--wait")

    assert [item["status"] for item in (*there, *in_place, *pasted)] == ["done"] * 3
    assert there[0]["output"].keys() == pasted[0]["output"].keys() == {"issues", "summary"}
    bodies = [request.body for request in provider.requests]
    assert [tools_of(body) for body in bodies] == [READING] * 4 + [set()]
    assert "secret-of-ana" in provider.texts()[1]
    assert "you only read" in provider.texts()[0]
    assert "you only read" not in provider.texts()[4]


def test_a_diff_is_reviewed_from_a_file_and_from_stdin(
    pagents: Pagents, provider: FakeProvider, folder: Path
) -> None:
    task = ("spawn", "code_reviewer", "Review the change.", "--wait")

    of_file = pagents(*task, "-i", "diff=@change.diff")
    piped = subprocess.run(
        [pagents.program, *task, "-i", "diff=@-", "--workspace", "."],
        input=DIFF.encode(),
        cwd=folder,
        env=pagents.environment,
        capture_output=True,
        check=False,
    )

    assert of_file.code == 0, of_file
    assert piped.returncode == 0, piped
    assert [tools_of(request.body) for request in provider.requests] == [set(), READING, READING]
    assert all(r"\"diff\": \"--- a/sessions.py" in text for text in provider.texts())


def test_the_review_team_reviews_a_folder(
    pagents: Pagents, provider: FakeProvider, folder: Path
) -> None:
    del folder
    ended = pagents("run", "--team", "review", "--workspace", ".")

    assert ended.code == 0, ended
    reading = [request.body for request in provider.requests if not is_editor(request.body)]
    assert len(reading) == len(provider.requests) - 1 == 10
    assert all(tools_of(body) == READING for body in reading)


@pytest.mark.parametrize("what", ["code=@sessions.py", "diff=@change.diff"])
def test_the_review_team_reviews_code_and_diffs(
    pagents: Pagents, provider: FakeProvider, folder: Path, what: str
) -> None:
    del folder
    ended = pagents("run", "--team", "review", "-i", what)

    assert ended.code == 0, ended
    assert len(provider.requests) == 6
    assert all(tools_of(request.body) == set() for request in provider.requests)


def test_the_editor_of_the_review_team_is_held_to_findings_of_the_reviewers(
    pagents: Pagents, provider: FakeProvider, folder: Path
) -> None:
    del folder
    provider.answer = finds_login
    provider.gives(HttpError(400, "no"), to="Review the code for security")

    ended = pagents("run", "--team", "review", "-i", "code=@sessions.py", "--id", "one")

    assert ended.code == 3
    assert "✖ security_reviewer  failed" in ended.out
    result = pagents.json("show", "one")["result"]["output"]
    assert result["steps"]["security_reviewer"]["status"] == "failed"
    assert result["steps"]["review"] == {"status": "done"}
    assert result["outputs"].keys() == {"test_engineer", "review"}
    (issue,) = result["outputs"]["review"]["issues"]
    assert issue["findings"] == [{"reviewer": "code_reviewer", "line": "def login(user):"}]
    asked = [text for text in provider.texts() if "Merge the findings" in text]
    assert len(asked) == 2
    assert r"\"status\": \"failed\"" in asked[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("spawn", "code_reviewer", "Review it."), "needs 'code' or 'diff' or a workspace"),
        (("run", "--team", "review"), "needs 'code' or 'diff' or a workspace"),
        (("run", "--team", "review"), "or --workspace DIR"),
        (("spawn", "code_reviewer", "Review it.", "-i", "dif=x"), "no input is called 'dif'"),
        (
            ("spawn", "code_reviewer", "Review it.", "-i", "diff="),
            "does not match the input schema",
        ),
        (("spawn", "code_reviewer", "Review it.", "-i", "diff=@none"), "cannot be read"),
        (("spawn", "code_reviewer", "Review it.", "--workspace", "none"), "cannot be used"),
    ],
)
def test_a_review_of_nothing_is_refused_before_any_call(
    pagents: Pagents, provider: FakeProvider, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    del folder
    ended = pagents(*arguments)

    assert ended.code == 2
    assert said in ended.err
    assert provider.requests == []


def test_an_agent_of_the_user_says_what_is_different_with_a_workspace(
    pagents: Pagents, provider: FakeProvider, folder: Path
) -> None:
    del folder
    agent = "name: teller\ndescription: Tells.\nwith_workspace: {tools: [grep]}\n"
    pagents.project("agents/teller.md", f"---\n{agent}---\nTell.")

    alone = pagents("spawn", "teller", "Tell.", "--wait")
    there = pagents("spawn", "teller", "Tell.", "--cwd", ".", "--wait")

    assert (alone.code, there.code) == (0, 0)
    assert [tools_of(request.body) for request in provider.requests] == [set(), {"grep"}]
