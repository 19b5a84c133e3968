"""Values and artifacts on the command line: set, read, waited for, put and got, also after damage."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import objects_at, text_at
from tests.unit.models.images import png

if TYPE_CHECKING:
    from parallel_agents.core.schema import JsonObject
    from parallel_agents.testing.behaviour import Reply
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

SHARER = """---
name: sharer
description: Shares.
tools: [state_set, state_wait_for, artifact_put]
---
Share.
"""
CALLS = [
    ToolCall("1", "state_set", {"key": "plan", "value": {"day": "Monday"}}),
    ToolCall("2", "state_wait_for", {"key": "approved", "timeout_seconds": 60}),
    ToolCall("3", "artifact_put", {"text": "# Report", "name": "report.md"}),
]


def share(body: JsonObject) -> Reply:
    made = sum(text_at(message, "role") == "tool" for message in objects_at(body, "messages"))
    return [CALLS[made]] if made < len(CALLS) else "shared"


@pytest.fixture
def agent(pagents: Pagents, provider: FakeProvider) -> str:
    (pagents.home / "agents").mkdir(mode=0o700, exist_ok=True)
    (pagents.home / "agents" / "sharer.md").write_text(SHARER)
    provider.answer = share
    return "sharer"


def test_a_person_and_an_agent_share_values_and_artifacts(pagents: Pagents, agent: str) -> None:
    pagents("spawn", agent, "Share it.", "--id", "monday")
    planned = pagents("state", "wait", "@last", "plan", "--timeout", "60")
    refused = pagents("artifact", "delete", "@last", "--all", "--dry-run")
    pagents("state", "set", "@last", "approved", "true")
    ended = pagents("wait", "@last")
    listed = pagents("artifact", "list", "@last")
    values = pagents("state", "list", "@last")
    got = pagents("artifact", "get", "@last", "report.md")

    assert planned.out == '{"day":"Monday"}\n'
    assert (refused.code, "in use" in refused.err) == (1, True)
    assert "shared report.md" in ended.err
    assert "text/plain" in listed.out
    assert "monday" in listed.out
    assert "monday" in values.out
    assert got.out == "# Report"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("state", "get", "@last", "nothing"), 4, "no value nothing"),
        (("state", "set", "@last", "a b", "1"), 2, "not a key"),
        (("state", "set", "@last", "n", "1", "--version", "3"), 1, "has version 0"),
        (("state", "wait", "@last", "n", "--if", "value ="), 2, "not a condition"),
        (
            ("state", "wait", "@last", "n", "--timeout", "0.1"),
            7,
            "n got no value in 0.1 s; it has no value",
        ),
        (("state", "list", "nobody"), 4, "no session"),
        (("state", "delete", "@last", "nothing"), 4, "no value nothing"),
        (("state", "delete", "@last"), 2, "which values"),
        (("state", "delete", "@last", "--all", "--prefix", "r"), 2, "which values"),
        (("state", "delete", "@last", "nothing", "--dry-run"), 4, "no value nothing"),
        (("artifact", "delete", "@last"), 2, "which artifacts"),
        (("artifact", "get", "@last", "nothing"), 4, "no artifact"),
        (("artifact", "put", "@last", "missing.txt"), 2, "cannot be read"),
        (("artifact", "put", "@last", "."), 2, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(
    pagents: Pagents, arguments: tuple[str, ...], code: int, says: str
) -> None:
    pagents("spawn", "main", "Hello.", "--wait")

    refused = pagents(*arguments)

    assert refused.code == code
    assert says in refused.err
    assert "Traceback" not in refused.err


def test_a_damaged_artifact_is_not_handed_out(pagents: Pagents) -> None:
    pagents("spawn", "main", "Hello.", "--wait")
    (pagents.folder / "tea.txt").write_text("Tea rises.")
    pagents("artifact", "put", "@last", "tea.txt")
    (content,) = (path for path in (pagents.home / "artifacts").rglob("*") if path.is_file())
    content.write_text("Tea falls.")

    damaged = pagents("artifact", "get", "@last", "tea.txt", "--out", "out.txt")
    pagents("artifact", "put", "@last", "tea.txt")
    mended = pagents("artifact", "get", "@last", "tea.txt", "--out", "out.txt")

    assert "PA-E420" in damaged.err
    assert mended.code == 0
    assert (pagents.folder / "out.txt").read_text() == "Tea rises."


def test_what_a_tree_shares_is_deleted_and_the_audit_says_so(pagents: Pagents) -> None:
    pagents("spawn", "main", "Hello.", "--wait")
    (pagents.folder / "tea.txt").write_text("Tea rises.")
    pagents("artifact", "put", "@last", "tea.txt")
    for key in ("plan", "notes/1", "notes/2"):
        pagents("state", "set", "@last", key, "1")

    foreseen = pagents("state", "delete", "@last", "--all", "--dry-run")
    refused = pagents("state", "delete", "@last", "plan", "--version", "9", "--dry-run")
    said = [
        pagents("state", "delete", "@last", *arguments).out
        for arguments in (("plan", "--version", "1"), ("--prefix", "notes/"))
    ]
    left = pagents("state", "list", "@last", "--json")
    artifact = pagents("artifact", "delete", "@last", "tea.txt")
    cleaned = pagents("artifact", "clean", "--all")
    audit = pagents("audit", "@last").out
    verified = pagents("audit", "--verify")

    assert foreseen.out == "3 values would be deleted, 3 B\n"
    assert (refused.code, "has version 1" in refused.err) == (1, True)
    assert said == ["1 value deleted, 1 B\n", "2 values deleted, 2 B\n"]
    assert '"items":[]' in left.out.replace(" ", "").replace("\n", "")
    assert artifact.out.startswith("1 artifact deleted, 10 B")
    assert cleaned.out.startswith("1 content removed")
    assert "removed 2 values that the tree shared" in audit
    assert verified.code == 0


@pytest.mark.parametrize(
    ("column", "code", "says"), [("media_type", 0, "0 contents"), ("id", 8, "is damaged")]
)
def test_what_a_damaged_record_needs_is_not_cleaned(
    pagents: Pagents, column: str, code: int, says: str
) -> None:
    pagents("spawn", "main", "Hello.", "--wait")
    (pagents.folder / "tea.txt").write_text("Tea rises.")
    pagents("artifact", "put", "@last", "tea.txt")
    with closing(sqlite3.connect(pagents.home / "store.db")) as database:
        database.execute(f"UPDATE artifacts SET {column} = x'ff'")
        database.commit()

    cleaned = pagents("artifact", "clean", "--all")

    assert cleaned.code == code
    assert says in cleaned.out + cleaned.err
    assert [path for path in (pagents.home / "artifacts").rglob("*") if path.is_file()]


def test_without_a_store_nothing_is_cleaned(pagents: Pagents) -> None:
    pagents("spawn", "main", "Hello.", "--wait")
    (pagents.folder / "tea.txt").write_text("Tea rises.")
    pagents("artifact", "put", "@last", "tea.txt")
    for file in pagents.home.glob("store.db*"):
        file.rename(pagents.folder / file.name)

    cleaned = pagents("artifact", "clean", "--all")

    assert cleaned.code == 4
    assert "there is no store" in cleaned.err
    assert [path for path in (pagents.home / "artifacts").rglob("*") if path.is_file()]


def test_only_what_nothing_refers_to_is_cleaned(pagents: Pagents) -> None:
    pagents("spawn", "main", "Hello.", "--wait")
    (pagents.folder / "tea.txt").write_text("Tea rises.")
    pagents("artifact", "put", "@last", "tea.txt")
    stray = pagents.home / "artifacts" / "ab" / ("c" * 62)
    stray.parent.mkdir()
    stray.write_text("left by a killed process")

    young = pagents("artifact", "clean")
    shown = pagents("artifact", "clean", "--all", "--dry-run")
    as_json = pagents("artifact", "clean", "--all", "--dry-run", "--json")
    cleaned = pagents("artifact", "clean", "--all")

    assert "0 contents removed" in young.out
    assert "1 content would be removed" in shown.out
    assert '"dry_run":true' in as_json.out
    assert "1 content removed" in cleaned.out
    assert not stray.exists()
    assert pagents("artifact", "get", "@last", "tea.txt").out == "Tea rises."


def test_an_image_is_shown_by_its_content_and_never_stored_as_text(
    pagents: Pagents, provider: FakeProvider
) -> None:
    (pagents.folder / "chart.txt").write_bytes(png())
    provider.answer = lambda _: "red"
    table = '[providers.bench.models."good"]\nimages = true\n'
    config = pagents.home / "config.toml"
    config.write_text(config.read_text() + table)

    ended = pagents("spawn", "main", "Which colour?", "-f", "chart.txt", "--wait")
    history = pagents("history", "@last")
    again = pagents("send", "@last", "And now?", "--wait")

    image = base64.b64encode(png()).decode()
    sent = [orjson.dumps(request.body).decode() for request in provider.requests]
    assert (ended.code, again.code) == (0, 0)
    assert [text.count(f"data:image/png;base64,{image}") for text in sent] == [1, 1]
    assert "[chart.txt, image/png" in history.out
    stored = b"".join(path.read_bytes() for path in pagents.home.rglob("*") if path.is_file())
    assert image.encode()[:40] not in stored


def test_a_model_that_is_not_known_to_see_is_refused_before_any_call(
    pagents: Pagents, provider: FakeProvider
) -> None:
    (pagents.folder / "chart.png").write_bytes(png())

    refused = pagents("spawn", "main", "Which colour?", "-f", "chart.png", "--wait")

    assert refused.code == 10
    assert "PA-E128" in refused.err
    assert provider.requests == []
    assert pagents.items("list", "--all") == []
