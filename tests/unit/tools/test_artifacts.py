"""Agents that share contents: by hash, so that none overwrites another, and within the rules for files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.permission import Permissions
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, ScriptedModel, open_rig

DEFAULTS = Settings()
TOOLS = ("artifact_put", "artifact_list", "artifact_get", "artifact_save")
AGENT = Agent(
    name="sharer",
    description="Shares",
    instructions="Share.",
    tools=TOOLS,
    permissions=Permissions(allow=("artifact_save",)),
)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def told(request: ModelRequest) -> ToolResult:
    (part,) = request.messages[-1].parts
    assert isinstance(part, ToolResult)
    return part


async def made(
    folder: Path,
    *calls: tuple[str, JsonObject],
    agent: Agent = AGENT,
    settings: Settings = DEFAULTS,
) -> Sequence[ToolResult]:
    """What an agent in a folder is told of calls that it makes one after the other."""
    script: list[Answer] = [
        ToolCall(str(number), name, arguments) for number, (name, arguments) in enumerate(calls)
    ]
    model = ScriptedModel([*script, "done"])
    async with open_rig(model, agents=[agent], settings=settings) as rig:
        options = SessionOptions(cwd=str(folder))
        await (await rig.sessions.spawn(Task("sharer", "go", options=options))).wait()
    return [told(request) for request in model.requests[1:]]


async def test_a_text_is_shared_by_its_id(tmp_path: Path) -> None:
    put, listed, read = await made(
        tmp_path,
        ("artifact_put", {"text": "Tea rises.", "name": "report"}),
        ("artifact_list", {}),
        ("artifact_get", {"id": "report"}),
    )

    about = orjson.loads(put.content)
    assert (about["name"], about["media_type"], about["bytes"]) == ("report", "text/plain", 10)
    assert orjson.loads(listed.content) == {"artifacts": [about], "total": 1}
    assert read.content == f"[report, text/plain, 10 bytes, {about['id']}]\nTea rises."


async def test_a_file_is_shared_and_saved_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "chart.txt").write_bytes(PNG)

    put, read, saved = await made(
        tmp_path,
        ("artifact_put", {"path": "chart.txt"}),
        ("artifact_get", {"id": "chart.txt"}),
        ("artifact_save", {"id": "chart.txt", "path": "out/chart.png"}),
    )

    assert orjson.loads(put.content)["media_type"] == "image/png"
    assert "artifact_save" in read.content
    assert not saved.is_error
    assert (tmp_path / "out/chart.png").read_bytes() == PNG


async def test_another_content_of_the_same_name_overwrites_nothing(tmp_path: Path) -> None:
    one, two, unclear, first = await made(
        tmp_path,
        ("artifact_put", {"text": "one", "name": "report"}),
        ("artifact_put", {"text": "two", "name": "report"}),
        ("artifact_get", {"id": "report"}),
        ("artifact_get", {"id": "7692c3ad3540"}),
    )

    ids = [orjson.loads(put.content)["id"] for put in (one, two)]
    assert ids == ["7692c3ad3540", "3fc4ccfe7458"]
    assert unclear.is_error
    assert all(id in unclear.content for id in ids)
    assert first.content.endswith("\none")


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("artifact_put", {}, "either path or text"),
        ("artifact_put", {"path": "a", "text": "b"}, "either path or text"),
        ("artifact_put", {"path": "../secret"}, "outside"),
        ("artifact_put", {"path": "link"}, "outside"),
        ("artifact_put", {"path": ".env"}, "deny"),
        ("artifact_put", {"path": "missing"}, "no missing"),
        ("artifact_put", {"path": "folder"}, "is a folder"),
        ("artifact_put", {"text": "x", "name": "a\nb"}, "not a name"),
        ("artifact_put", {"text": "x" * 1_000_001}, "more than the 1,000,000 bytes"),
        ("artifact_get", {"id": "nothing"}, "no artifact 'nothing'"),
        ("artifact_get", {"id": "0" * 64}, "no artifact"),
        ("artifact_get", {"id": "../../store.db"}, "no artifact"),
        ("artifact_save", {"id": "there", "path": "../out"}, "outside"),
        ("artifact_save", {"id": "there", "path": ".git/hooks/x"}, "not written"),
    ],
)
async def test_what_cannot_be_done_is_told(
    tmp_path: Path, name: str, arguments: JsonObject, says: str
) -> None:
    folder = tmp_path / "work"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / ".env").write_text("KEY=1")
    agent = replace(
        AGENT, permissions=Permissions(allow=("artifact_save",), deny=("read_file(.env)",))
    )

    _, refused = await made(
        folder,
        ("artifact_put", {"text": "it", "name": "there"}),
        (name, arguments),
        agent=agent,
        settings=Settings(artifact_megabytes=1),
    )

    assert refused.is_error
    assert says in refused.content


async def test_silence_shares_and_reads_and_does_not_write_files(tmp_path: Path) -> None:
    quiet = replace(AGENT, permissions=Permissions())

    put, saved = await made(
        tmp_path,
        ("artifact_put", {"text": "it", "name": "it"}),
        ("artifact_save", {"id": "it", "path": "it"}),
        agent=quiet,
    )

    assert not put.is_error
    assert saved.is_error
    assert files_in(tmp_path) == []


async def test_the_result_lists_what_was_shared_and_another_tree_does_not_see_it() -> None:
    put = ToolCall("1", "artifact_put", {"text": "it", "name": "it"})
    model = ScriptedModel([put, "done", ToolCall("2", "artifact_list", {}), "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        first = await (await rig.sessions.spawn(Task("sharer", "go"))).wait()
        second = await (await rig.sessions.spawn(Task("sharer", "go"))).wait()
        artifacts = await rig.sessions.artifacts(first.session_key)
        content = await artifacts.read(first.artifacts[0])

    assert [artifact.name for artifact in first.artifacts] == ["it"]
    assert second.artifacts == ()
    assert content == b"it"
    assert orjson.loads(told(model.requests[-1]).content) == {"artifacts": [], "total": 0}


async def test_a_name_is_one_artifact_an_id_all_its_names_and_nothing_is_nothing() -> None:
    async with open_rig(ScriptedModel(["done"]), agents=[]) as rig:
        session = await rig.sessions.spawn(Task("main", "Go."))
        await session.wait()
        artifacts = await rig.sessions.artifacts(session)
        for name in ("a", "b"):
            await artifacts.put("the same", name)
        first = await artifacts.find("a")
        meant = [[each.name for each in await artifacts.find_all(t)] for t in ("b", first.id)]

        nothing = await artifacts.delete()
        left = len(await artifacts.list())
        all_of_them = await artifacts.clear()

        assert meant == [["b"], ["a", "b"]]
        assert (nothing.number, left, all_of_them.number) == (0, 2, 2)
        assert await artifacts.list() == []


async def test_what_is_no_artifact_is_refused_in_our_words(tmp_path: Path) -> None:
    async with open_rig(ScriptedModel(["done"]), agents=[]) as rig:
        session = await rig.sessions.spawn(Task("main", "Go."))
        await session.wait()
        artifacts: Any = await rig.sessions.artifacts(session)  # as a program without types sees it
        await artifacts.put("a text", "name")
        (record,) = await artifacts.list()

        for odd in (record, "name", None):
            with pytest.raises(InvalidInput, match="artifacts of delete"):
                await artifacts.delete(odd)
            with pytest.raises(InvalidInput, match="artifact of read"):
                await artifacts.read(odd)
            with pytest.raises(InvalidInput, match="artifact of save"):
                await artifacts.save(odd, tmp_path / "file")
        assert await artifacts.list() == [record]


async def test_a_file_that_is_there_is_replaced_only_if_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "week.md"
    file.write_text("mine")
    async with open_rig(ScriptedModel(["done"]), agents=[]) as rig:
        session = await rig.sessions.spawn(Task("main", "Go."))
        artifacts = await rig.sessions.artifacts(session)
        report = await artifacts.put("theirs", name="week.md")

        with pytest.raises(InvalidInput, match="is there already"):
            await artifacts.save(report, file)
        before = file.read_text()
        await artifacts.save(report, file, force=True)

    assert before == "mine"
    assert file.read_text() == "theirs"
