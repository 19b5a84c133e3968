"""A permission for a path holds for what the path leads to, in every tool of files."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.call_decisions import Ruled
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.permission import Permissions
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.testing import ScriptedModel, open_rig

FILE_TOOLS = ("read_file", "list_files", "glob", "grep", "write_file", "edit_file")
CLERK = Agent(name="clerk", description="Files", instructions="File.", tools=FILE_TOOLS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a secret and sources, and links that lead to both from the documents."""
    for folder in ("docs", "src"):
        (tmp_path / folder).mkdir()
    (tmp_path / "src" / "x").write_text("source")
    (tmp_path / ".env").write_text("SECRET")
    (tmp_path / "docs" / "l").symlink_to("../src")
    (tmp_path / "docs" / "e").symlink_to("../.env")
    return tmp_path


async def told(root: Path, permissions: Permissions, tool: str, **arguments: Json) -> str:
    """What an agent with these permissions is told of a call."""
    agent = replace(CLERK, permissions=permissions)
    model = ScriptedModel([[ToolCall("1", tool, arguments)], "done"])
    task = Task("clerk", "Go.", options=SessionOptions(cwd=str(root)))
    async with open_rig(model, agents=[agent]) as rig:
        await (await rig.sessions.spawn(task)).wait()
    (part,) = model.requests[-1].messages[-1].parts
    assert isinstance(part, ToolResult)
    return part.content


WRITES_DOCS = Permissions(allow=("write_file(docs/**)", "edit_file(docs/**)"))


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("write_file", {"path": "docs/l/x", "content": "mine"}),
        ("write_file", {"path": "docs/l/new", "content": "mine"}),
        ("write_file", {"path": "docs/e", "content": "mine"}),
        ("write_file", {"path": "docs/../src/x", "content": "mine"}),
        ("write_file", {"path": "docs/l/../../src/x", "content": "mine"}),
        ("write_file", {"path": "{root}/docs/l/x", "content": "mine"}),
        ("edit_file", {"path": "docs/l/x", "old_text": "source", "new_text": "mine"}),
        ("edit_file", {"path": "docs/e", "old_text": "SECRET", "new_text": "mine"}),
    ],
)
async def test_what_is_allowed_in_a_folder_is_not_done_elsewhere_by_a_link(
    root: Path, tool: str, arguments: dict[str, str]
) -> None:
    arguments["path"] = arguments["path"].format(root=root)

    answer = await told(root, WRITES_DOCS, tool, **arguments)

    assert answer.startswith("The permissions of this session do not allow ")
    assert sorted(path.name for path in (root / "src").iterdir()) == ["x"]
    assert (root / "src" / "x").read_text() == "source"
    assert (root / ".env").read_text() == "SECRET"


@pytest.mark.parametrize("path", ["docs/new/a", "docs/./a", "src/../docs/a", "{root}/docs/a"])
async def test_what_is_allowed_in_a_folder_is_done_there(root: Path, path: str) -> None:
    answer = await told(
        root, WRITES_DOCS, "write_file", path=path.format(root=root), content="mine"
    )

    assert answer.startswith("Made ")


@pytest.mark.parametrize(
    ("rule", "tool", "arguments"),
    [
        ("read_file(.env)", "read_file", {"path": "docs/e"}),
        ("read_file(.env)", "grep", {"pattern": "S", "path": "docs/e"}),
        ("read_file(.env)", "grep", {"pattern": "SECRET"}),
        ("grep(.env)", "grep", {"pattern": "SECRET"}),
        ("grep(.env)", "grep", {"pattern": "S", "path": "docs/e"}),
        ("list_files(src)", "list_files", {"path": "docs/l"}),
        ("edit_file(.env)", "edit_file", {"path": "docs/e", "old_text": "S", "new_text": "s"}),
        ("write_file(.env)", "edit_file", {"path": "docs/e", "old_text": "S", "new_text": "s"}),
    ],
)
async def test_a_denial_holds_for_what_a_link_leads_to(
    root: Path, rule: str, tool: str, arguments: dict[str, Json]
) -> None:
    permissions = Permissions(allow=FILE_TOOLS, deny=(rule,))

    answer = await told(root, permissions, tool, **arguments)

    assert "permissions of this session deny" in answer or "no line matches" in answer
    assert (root / ".env").read_text() == "SECRET"


@pytest.mark.virtual_time
async def test_a_person_is_asked_about_what_a_link_leads_to(root: Path) -> None:
    permissions = Permissions(allow=FILE_TOOLS, ask=("write_file(src/**)",))
    agent = replace(CLERK, permissions=permissions)
    call = ToolCall("1", "write_file", {"path": "docs/l/x", "content": "mine"})
    task = Task("clerk", "Go.", options=SessionOptions(cwd=str(root)))
    async with open_rig(ScriptedModel([[call], "done"]), agents=[agent]) as rig:
        handle = await rig.sessions.spawn(task)
        await asyncio.sleep(1)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, allow=False)
        await handle.wait()
        bodies = [event.body for event in await rig.sessions.history(handle.key)]

    assert question.question.text == "src/x"
    assert [body.is_allowed for body in bodies if isinstance(body, Ruled)] == [False]
    assert (root / "src" / "x").read_text() == "source"
