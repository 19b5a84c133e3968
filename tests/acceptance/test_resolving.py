"""`pagents merge --resolve`: an agent merges the files in conflict, and is believed in nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing.behaviour import HttpError

if TYPE_CHECKING:
    from parallel_agents.core.schema import JsonObject
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

CODER = """\
---
name: coder
description: Writes files.
tools: [write_file]
permissions: { allow: [write_file] }
---
Code.
"""
BOTH = {"a.py": "a = 'ours'\nb = 'theirs'\n", "z.py": "z = 'both'\n"}


class Model:
    """A coder that writes `theirs`, and a resolver with an answer for each file.

    Attributes:
        answers: what the resolver says, by path; the merged text if it is no whole answer.
    """

    def __init__(self) -> None:
        self.answers: dict[str, str] = dict(BOTH)

    def __call__(self, body: JsonObject) -> Reply:
        messages = objects_at(body, "messages")
        found = re.search(r"Merge the file (\S+)\.", orjson.dumps(body).decode())
        if found is None:
            if text_at(messages[-1], "role") == "tool":
                return "done"
            files = {"a.py": "a = 'theirs'\n", "z.py": "z = 'theirs'\n", "c.py": "c = 1\n"}
            return [
                ToolCall(path, "write_file", {"path": path, "content": content})
                for path, content in files.items()
            ]
        answer = self.answers[found[1]]
        if answer.startswith("{"):
            return answer
        whole = {"plan": "Both hold.", "decision": "merged", "content": answer}
        return orjson.dumps(whole).decode()


@pytest.fixture
def model(pagents: Pagents, provider: FakeProvider) -> Model:
    """A workspace that clashes with the folder in two files."""
    provider.answer = model = Model()
    pagents.project("agents/coder.md", CODER)
    for path in BOTH:
        pagents.file(path, f"{path[0]} = 'base'\n")
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    for arguments in (("init", "-q"), ("add", *BOTH), (*who, "commit", "-q", "-m", "Work")):
        subprocess.run(["git", *arguments], cwd=pagents.folder, check=True)
    ended = pagents("spawn", "coder", "Code.", "--workspace", ".", "--wait", "--id", "work")
    assert ended.code == 0, ended
    for path in BOTH:
        pagents.file(path, f"{path[0]} = 'ours'\n")
    return model


def read(folder: Path) -> dict[str, str]:
    return {
        path: (folder / path).read_text() for path in (*BOTH, "c.py") if (folder / path).exists()
    }


OURS = {path: f"{path[0]} = 'ours'\n" for path in BOTH}
AFTER = {**BOTH, "c.py": "c = 1\n"}


def test_conflicts_are_resolved_shown_and_merged_with_the_rest(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    del model
    before = len(provider.requests)

    foretold = pagents("merge", "work", "--resolve", "--dry-run")
    untouched = read(pagents.folder)
    merged = pagents("merge", "work", "--resolve", "--budget", "1")
    again = pagents("merge", "work", "--resolve")

    assert (foretold.code, merged.code, again.code) == (0, 0, 0), (foretold, merged)
    assert untouched == OURS
    assert read(pagents.folder) == AFTER
    assert "3 files would change" in foretold.out
    assert "The agent that was asked cost $0.002." in foretold.err
    assert "The agent that was asked cost $0.\n" in merged.err
    for shown in (foretold.out, merged.out):
        assert "\n a = 'ours'\n+b = 'theirs'\n" in shown
        assert "a.py  (resolved, see below)" in shown
    assert "nothing to merge" in again.out
    pagents("merge", "work", "--resolve", "--resolver", "nobody").assert_refused(
        "PA-E102", "there is no agent 'nobody'", exits=4
    )
    # The answers of the dry run are reused.
    assert len(provider.requests) == before + 2
    asked = provider.texts()[before]
    assert all(rf"\"{side}\": \"a = '{side}'" in asked for side in ("base", "ours", "theirs"))


def test_an_answer_that_is_what_the_file_is_is_told_with_what_it_cost(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    model.answers = dict(OURS)
    pagents.file("c.py", "c = 1\n")  # so that nothing at all changes

    merged = pagents("merge", "work", "--resolve")
    asked = len(provider.requests)
    again = pagents("merge", "work", "--resolve")

    assert (merged.code, again.code) == (0, 0)
    assert "✔ coder work  0 files changed in " in merged.out
    assert "  a.py  (resolved as your file is)" in merged.out
    assert "nothing to merge" not in merged.out
    assert "The agent that was asked cost $0.002." in merged.err
    assert "nothing to merge" in again.out
    assert len(provider.requests) == asked


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("<<<<<<< ours\nz = 'ours'\n", "has the marks of a conflict"),
        ("", "its answer is empty"),
        ("z" * 5_000, "longer than both versions"),
        ('{"plan": "?", "decision": "unsure", "content": ""}', "it is not sure"),
        ('{"plan": "?", "decision": "removed", "content": ""}', "which neither side did"),
    ],
)
def test_an_answer_that_cannot_be_used_leaves_the_file_in_conflict(
    pagents: Pagents, model: Model, answer: str, why: str
) -> None:
    model.answers["z.py"] = answer

    (item,) = pagents.items("merge", "work", "--resolve")

    assert read(pagents.folder) == {**AFTER, "z.py": OURS["z.py"]}
    assert [each["path"] for each in item["resolved"]] == ["a.py"]
    (conflict,) = item["conflicts"]
    assert conflict["path"] == "z.py"
    assert "merge_resolver did not resolve it: " in conflict["why"]
    assert why in conflict["why"]


def test_a_resolver_that_fails_leaves_the_conflicts_and_merges_the_rest(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    del model
    provider.gives(HttpError(400), to="Merge the file z.py")

    merged = pagents("merge", "work", "--resolve")

    assert merged.code == 3
    assert (
        "conflict  z.py: both changed the same lines; merge_resolver ended in failed" in merged.out
    )
    assert read(pagents.folder) == {**AFTER, "z.py": OURS["z.py"]}


def test_a_file_that_is_saved_while_it_is_resolved_stays(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    del model
    provider.hold("Merge the file z.py")
    merging = pagents.start("merge", "work", "--resolve")
    provider.wait_in_flight(1)
    pagents.file("z.py", "z = 'saved'\n")
    provider.release()

    merged = merging.ended()

    assert merged.code == 3
    assert (
        "z.py: both changed the same lines; it was changed while its conflict was resolved"
        in merged.out
    )
    assert read(pagents.folder) == {**AFTER, "z.py": "z = 'saved'\n"}


def test_a_merge_that_is_killed_while_it_asks_has_merged_nothing(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    del model
    provider.hold("Merge the file z.py")
    merging = pagents.start("merge", "work", "--resolve")
    provider.wait_in_flight(1)
    merging.kill()

    untouched = read(pagents.folder)
    provider.release()
    merged = pagents("merge", "work", "--resolve")

    assert untouched == OURS
    assert merged.code == 0
    assert read(pagents.folder) == AFTER


def test_an_agent_of_the_user_resolves(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    del model
    output = "output: {type: object, properties: {content: {type: string}}}\n"
    front = f"name: mine\ndescription: Merges.\n{output}"
    pagents.project("agents/mine.md", f"---\n{front}---\nMerge as Ana would.")

    merged = pagents("merge", "work", "--resolve", "--resolver", "mine")

    assert merged.code == 0, merged
    assert read(pagents.folder) == AFTER
    assert "as Ana would" in provider.texts()[-1]


def test_an_agent_that_may_write_writes_nothing_while_it_resolves(
    pagents: Pagents, provider: FakeProvider, model: Model
) -> None:
    def answer(body: JsonObject) -> Reply:
        if text_at(objects_at(body, "messages")[-1], "role") == "tool":
            return orjson.dumps({"content": BOTH["z.py"]}).decode()
        return [ToolCall("w", "write_file", {"path": "z.py", "content": "z = 'written'\n"})]

    del model
    provider.answer = answer
    output = "output: {type: object, properties: {content: {type: string}}}\n"
    may_write = "tools: [write_file]\npermissions: {allow: [write_file]}\n"
    front = f"name: mine\ndescription: Merges.\n{may_write}{output}"
    pagents.project("agents/mine.md", f"---\n{front}---\nMerge.")

    foretold = pagents("merge", "work", "--resolve", "--resolver", "mine", "--dry-run")

    assert foretold.code == 0, foretold
    assert read(pagents.folder) == OURS


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--resolver", "merge_resolver"), "--resolver requires --resolve"),
        (("--budget", "1"), "options for a model require --resolve"),
        (("--resolve", "--resolver", "nobody"), "there is no agent 'nobody'"),
        (("--resolve", "--resolver", "coder"), "the agent coder cannot resolve conflicts"),
        (("--resolve", "--on-limit", "stop"), "--on-limit requires a budget"),
        (("--resolve", "--budget", "-1"), "--budget is -1"),
        (("--resolve", "--model", "nobody/at-all"), "nobody"),
    ],
)
def test_wrong_options_are_refused_before_any_call_and_merge_nothing(
    pagents: Pagents, provider: FakeProvider, model: Model, options: tuple[str, ...], said: str
) -> None:
    del model
    before = len(provider.requests)

    ended = pagents("merge", "work", *options)

    assert ended.code not in (0, 3)
    assert said in ended.err
    assert len(provider.requests) == before
    assert read(pagents.folder) == OURS
