"""The registry keeps what was registered, loses no edit, and puts versions into effect as a whole."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from parallel_agents.agent_versions.record import DraftRecord, Files, Origin, Proof
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.errors import InvalidFile, InvalidInput, NotFound

ONE, TWO = Files("one\n", "cases: 1\n"), Files("two\n")


@pytest.fixture
def registry(tmp_path: Path) -> AgentRegistry:
    return AgentRegistry(tmp_path, lambda: 7.0)


async def test_what_is_registered_runs_and_is_kept(registry: AgentRegistry) -> None:
    first = await registry.register("writer", ONE, Origin.CREATED, Proof(score=9.0))
    second = await registry.register("writer", TWO, Origin.REFINED)

    assert (first.version, second.version, second.before) == (1, 2, 1)
    assert registry.live("writer") == TWO
    assert registry.version("writer", 1) == (first, ONE)
    assert registry.history("writer") == ((first, second), 2, False)


async def test_a_run_registers_once(registry: AgentRegistry) -> None:
    proof = Proof(run="flow:create_agent:one")

    first = await registry.register("writer", ONE, Origin.CREATED, proof)
    again = await registry.register("writer", ONE, Origin.CREATED, proof)

    assert again == first
    assert len(registry.history("writer").records) == 1


async def test_registrations_at_the_same_time_all_get_a_number(registry: AgentRegistry) -> None:
    other = AgentRegistry(registry.folder)
    texts = [Files(f"{number}\n") for number in range(6)]

    records = await asyncio.gather(
        *(
            each.register("writer", files, Origin.CREATED)
            for each, files in zip([registry, other] * 3, texts, strict=True)
        )
    )

    assert sorted(record.version for record in records) == [1, 2, 3, 4, 5, 6]
    kept = {registry.version("writer", number)[1] for number in range(1, 7)}
    assert kept == set(texts)


async def test_an_edit_is_noticed_and_kept_before_it_is_replaced(registry: AgentRegistry) -> None:
    await registry.register("writer", ONE, Origin.CREATED)
    (registry.folder / "agents" / "writer.md").write_text("by hand\n", "utf-8")
    assert registry.history("writer").is_edited

    reverted = await registry.revert("writer", 1)

    history = registry.history("writer")
    assert [record.origin for record in history.records] == [
        Origin.CREATED,
        Origin.EDITED,
        Origin.REVERTED,
    ]
    assert registry.version("writer", 2)[1].agent == "by hand\n"
    assert (reverted.version, reverted.note, registry.live("writer")) == (3, "as v1", ONE)
    assert not history.is_edited


async def test_an_agent_that_was_there_before_is_kept_as_the_first_version(
    registry: AgentRegistry,
) -> None:
    (registry.folder / "agents").mkdir()
    (registry.folder / "agents" / "writer.md").write_text("mine\n", "utf-8")

    record = await registry.register("writer", ONE, Origin.CREATED)

    assert record.version == 2
    assert registry.version("writer", 1)[1] == Files("mine\n")


async def test_a_version_that_a_dying_process_did_not_put_into_effect_is(
    registry: AgentRegistry,
) -> None:
    proof = Proof(run="flow:create_agent:one")
    await registry.register("writer", ONE, Origin.CREATED)
    await registry.register("writer", TWO, Origin.CREATED, proof)
    # As if the process had ended between the version and the files that run.
    (registry.folder / "versions" / "writer" / "placed").write_text("1", "utf-8")
    (registry.folder / "agents" / "writer.md").write_text(ONE.agent, "utf-8")
    (registry.folder / "cases" / "writer.yaml").write_text(ONE.cases, "utf-8")

    again = await registry.register("writer", TWO, Origin.CREATED, proof)

    assert again.version == 2
    assert registry.live("writer") == TWO


async def test_a_process_that_dies_between_the_two_files_leaves_no_edit(
    registry: AgentRegistry,
) -> None:
    proof = Proof(run="flow:create_agent:one")
    await registry.register("writer", ONE, Origin.CREATED, proof)
    (registry.folder / "versions" / "writer" / "placed").unlink()
    (registry.folder / "cases" / "writer.yaml").unlink()

    again = await registry.register("writer", ONE, Origin.CREATED, proof)

    assert again.version == 1
    assert registry.live("writer") == ONE
    assert len(registry.history("writer").records) == 1


async def test_of_two_new_agents_of_one_name_one_is_registered(registry: AgentRegistry) -> None:
    other = AgentRegistry(registry.folder)

    first, second, again = await asyncio.gather(
        registry.register_new("writer", ONE, Proof(run="one")),
        other.register_new("writer", TWO, Proof(run="two")),
        registry.register_new("writer", ONE, Proof(run="one")),
    )

    assert first == again
    assert (first is None) != (second is None)
    assert len(registry.history("writer").records) == 1


def test_a_pipe_in_place_of_an_agent_is_not_waited_for(registry: AgentRegistry) -> None:
    (registry.folder / "agents").mkdir()
    os.mkfifo(registry.folder / "agents" / "writer.md")

    with pytest.raises(InvalidFile, match="pipe"):
        registry.live("writer")


async def test_a_version_that_was_changed_is_refused(registry: AgentRegistry) -> None:
    await registry.register("writer", ONE, Origin.CREATED)
    file = registry.folder / "versions" / "writer" / "1" / "agent.md"
    file.chmod(0o600)
    file.write_text("other\n", "utf-8")

    with pytest.raises(InvalidFile, match="not what was registered"):
        registry.version("writer", 1)


async def test_a_draft_runs_nowhere_and_goes_once_its_agent_is_registered(
    registry: AgentRegistry,
) -> None:
    await registry.keep_draft("writer", ONE, DraftRecord(at=0, reasons=("too short",)))
    await registry.keep_draft("writer", TWO, DraftRecord(at=0, reasons=("too long",)))

    record, files = registry.draft("writer")
    assert (record.reasons, record.at, files) == (("too long",), 7.0, TWO)
    assert registry.live("writer") is None
    assert registry.drafts() == ["writer"]
    await registry.register("writer", TWO, Origin.REFINED)
    assert registry.drafts() == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", "Writer", "writer\n", ".."])
async def test_what_is_not_a_name_leads_nowhere(registry: AgentRegistry, name: str) -> None:
    with pytest.raises(InvalidInput):
        await registry.register(name, ONE, Origin.CREATED)
    with pytest.raises(InvalidInput):
        registry.history(name)
    assert not [*registry.folder.parent.glob("x*")]


def test_a_version_that_is_not_there_is_named(registry: AgentRegistry) -> None:
    with pytest.raises(NotFound, match="no version v3 of writer"):
        registry.version("writer", 3)
    with pytest.raises(NotFound, match="no draft"):
        registry.draft("writer")
