"""What a session changed in its copy of a folder is fetched, applied and merged from another machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import parallel_agents as pa
from parallel_agents.app.opening import open_app, open_client
from parallel_agents.core.workspace import Workspace
from parallel_agents.core.workspace_verbs import DiffForm
from parallel_agents.errors import Conflict, InvalidInput, NotFound, OnlyReads, UnknownAgent
from parallel_agents.workspaces.record import Room
from tests.integration.gateway.test_client_contract import distant_of

if TYPE_CHECKING:
    from pathlib import Path

    from parallel_agents.app.distant import Distant
    from parallel_agents.core.ids import SessionKey
    from tests.integration.gateway.conftest import Served, Serving

MERGER = """\
---
name: merger
description: Merges.
output: {type: object, properties: {content: {type: string}}, required: [content]}
---
Merge.
"""


async def test_a_patch_that_is_fetched_makes_another_checkout_the_same(
    serving: Serving, tmp_path: Path
) -> None:
    source, mine = tmp_path / "source", tmp_path / "mine"
    _write_source(source)
    async with serving() as served, distant_of(served) as distant:
        key = await _worked(served, source)
        files = _files_of(served, key)
        _git("clone", "-q", str(source), str(mine))
        _change(files)
        patch = await distant.workspaces.diff(key)
        names = await distant.workspaces.diff(key, form=DiffForm.NAMES)
        async with served.http.get(f"/api/v1/runs/{key}/diff") as answer:
            raw = await answer.read()

    _git("-C", str(mine), "apply", given=patch.content)
    assert _tree(mine) == _tree(files)
    assert b"R" in names.content
    assert raw == patch.content
    assert (patch.not_shown, patch.is_hidden) == ((), False)


async def test_a_merge_writes_into_the_folder_there_and_the_audit_says_who(
    serving: Serving, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    _write_source(source)
    async with serving() as served, distant_of(served) as distant:
        key = await _worked(served, source)
        files = _files_of(served, key)
        (files / "old.txt").write_text("theirs\n")
        (files / "run.sh").write_text("#!/bin/sh\nexit\n")
        (source / "run.sh").write_text("#!/bin/sh\nmine\n")
        async with distant_of(served, served.tokens.read) as reads:
            with pytest.raises(OnlyReads):
                await reads.workspaces.merge(key)
            seen = await reads.workspaces.list()
        (foreseen,) = await distant.workspaces.merge(key, dry_run=True)
        before = (source / "old.txt").read_text()
        (merged,) = await distant.workspaces.merge(key)
        listed = await distant.workspaces.list()
        kept = await distant.workspaces.clean([key])
        with pytest.raises(InvalidInput, match="force removes"):
            await distant.workspaces.clean(force=True)
        gone = await distant.workspaces.clean([key], force=True)
        with pytest.raises(NotFound):
            await distant.workspaces.diff(key)
        _, audit = await served.get("/audit")

    assert [(each.session, each.state) for each in seen] == [(key, "unmerged")]
    assert foreseen == merged
    assert (before, (source / "old.txt").read_text()) == ("old\n", "theirs\n")
    assert (merged.changed, [each.path for each in merged.conflicts]) == (("old.txt",), ["run.sh"])
    assert (source / "run.sh").read_text() == "#!/bin/sh\nmine\n"
    assert [each.state for each in listed] == ["unmerged"]
    assert "not merged" in kept[0].why_kept
    assert [each.why_kept for each in gone] == [""]
    decided = [(each["who"], each["what"]) for each in audit["items"]][-2:]
    who = "ana by gateway (operate token, 127.0.0.1)"
    assert decided == [(who, "merge"), (who, "remove")]


async def test_a_merge_from_another_machine_says_that_its_resolver_is_simulated(
    serving: Serving, programs: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    _write_source(source)
    async with serving() as served, served.worker():
        key = await _worked(served, source)
        _clash(_files_of(served, key), source, "run.sh")
        (served.environment.home / "agents" / "merger.md").write_text(MERGER)
        merging = await asyncio.create_subprocess_exec(
            *(programs / "pagents", "merge", key, "--resolve", "--resolver", "merger"),
            *("--model", "sim/calm", "--dry-run", "--url", served.url),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(served.environment.home),
                "PARALLEL_AGENTS_TOKEN": served.tokens.operate,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, told = await merging.communicate()

    assert b"run.sh  (resolved, see below)" in out
    assert b"sim/calm is simulated" in told


async def test_an_agent_there_resolves_conflicts_and_only_those_that_are_still_the_same(
    serving: Serving, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    _write_source(source)
    async with serving() as served, distant_of(served) as distant:
        key = await _worked(served, source)
        files = _files_of(served, key)
        _clash(files, source, "run.sh", "old.txt")
        _clash(files, source, "name.txt", lines=20_000)
        (served.environment.home / "agents" / "merger.md").write_text(MERGER)
        merge, resolver = distant.workspaces.merge, pa.Resolver(agent="merger", model="sim/calm")
        with pytest.raises(UnknownAgent):
            await merge(key, resolver=pa.Resolver(agent="nobody"))
        with pytest.raises(InvalidInput, match="greeter cannot resolve"):
            await distant.workspaces.resolve(key, pa.Resolver(agent="greeter"))
        async with open_app(served.environment, served.settings) as app:
            (here,) = await app.tended.merge(key, resolver=resolver, dry_run=True)
        async with served.worker():
            (foretold,) = await merge(key, resolver=resolver, dry_run=True)
            asked = await distant.workspaces.resolve(key, resolver, key="one")
            again = await distant.workspaces.resolve(key, resolver, key="one")
            assert asked.begun is not None
            await distant.sessions.wait([asked.begun.run_id])
        (source / "old.txt").write_text("mine again\n")
        _clash(files, source, "late.txt")
        await _check_other_work_is_refused(distant, key, resolver)
        (merged,) = await merge(key, answers=asked.begun.session_key)
        decided = (await served.get("/audit"))[1]["items"][-1]

    assert again.begun is not None
    assert (again.begun.run_id, again.begun.is_new) == (asked.begun.run_id, False)
    assert [each.path for each in asked.left_out] == ["name.txt"]
    assert [each.path for each in foretold.resolved] == ["old.txt", "run.sh"]
    assert foretold.spend.calls == here.spend.calls == 2
    assert [each.path for each in here.resolved] == ["old.txt", "run.sh"]
    assert [each.path for each in merged.resolved] == ["run.sh"]
    assert f"-mine\n+{(source / 'run.sh').read_text()}" in merged.resolved[0].diff
    why = {each.path: each.why for each in merged.conflicts}
    assert why.keys() == {"late.txt", "name.txt", "old.txt"}
    assert "no agent was asked about it" in why["late.txt"]
    assert "it was changed while its conflict was resolved" in why["old.txt"]
    assert (source / "old.txt").read_text() == "mine again\n"
    assert decided["what"] == "merge"


async def _check_other_work_is_refused(
    distant: Distant, key: SessionKey, resolver: pa.Resolver
) -> None:
    with pytest.raises(InvalidInput, match="no team that was asked about conflicts"):
        await distant.workspaces.merge(key, answers=key)
    with pytest.raises(Conflict, match="the key was used for other conflicts"):
        await distant.workspaces.resolve(key, resolver, key="one")


def _clash(files: Path, source: Path, *names: str, lines: int = 1) -> None:
    """Write other lines into both of each file."""
    for folder, line in ((files, "theirs\n"), (source, "mine\n")):
        for name in names:
            (folder / name).write_text(line * lines)


async def _worked(served: Served, source: Path) -> SessionKey:
    """A session that has ended, and works in a copy of a folder."""
    served.add_greeter()
    task = pa.Task("greeter", "Look", model="sim/calm", workspace=Workspace.own(source))
    async with open_client(served.environment, served.settings) as client:
        key = (await client.sessions.spawn(task)).session_key
    async with served.worker():
        await served.get(f"/wait?names={key}")
    return key


def _files_of(served: Served, key: SessionKey) -> Path:
    room = Room(served.environment.home, key)
    assert room.record is not None
    return room.files(room.record)


def _write_source(source: Path) -> None:
    source.mkdir()
    (source / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    (source / "old.txt").write_text("old\n")
    (source / "name.txt").write_text("".join(f"{n}\n" for n in range(50)))
    (source / "bin.dat").write_bytes(b"\0\1\2")
    (source / "run.sh").write_text("#!/bin/sh\n")
    user = ("-c", "user.email=a@example.com", "-c", "user.name=Ana", "-C", str(source))
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "Begin")):
        _git(*user, *arguments)


def _git(*arguments: str, given: bytes = b"") -> None:
    subprocess.run(("git", *arguments), input=given, check=True)


def _change(files: Path) -> None:
    """Every kind of change that a patch can have."""
    (files / "crlf.txt").write_bytes(b"a\r\nB\r\nc\r\n")
    (files / "old.txt").unlink()
    (files / "name.txt").rename(files / "new name ü.txt")
    with (files / "new name ü.txt").open("a") as file:
        file.write("more\n")
    (files / "bin.dat").write_bytes(bytes(range(256)) * 8)
    (files / "bin.dat").chmod(0o755)
    (files / "run.sh").chmod(0o755)
    (files / "new.bin").write_bytes(bytes(reversed(range(256))))
    (files / "empty.txt").touch()
    (files / "none.txt").write_text("no line end")
    (files / "link").symlink_to("crlf.txt")
    (files / "deep" / "er").mkdir(parents=True)
    (files / "deep" / "er" / "f").write_text("x\n")


def _tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """All files by their paths, with whether they can be executed."""
    return {
        str(path.relative_to(folder)): (
            str(path.readlink()).encode() if path.is_symlink() else path.read_bytes(),
            bool(path.lstat().st_mode & 0o100),
        )
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.parts and (path.is_symlink() or path.is_file())
    }
