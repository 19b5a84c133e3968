"""What we write for a client is brought up to date and removed again; what is not ours stays."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from parallel_agents.errors import ClientConfigBroken, EditedByHand, InvalidInput
from parallel_agents.surfaces.plugins.clients import CLIENTS, Around, Scope
from parallel_agents.surfaces.plugins.content import Program
from parallel_agents.surfaces.plugins.installing import Installation, install, look, uninstall
from parallel_agents.surfaces.plugins.owned_files import State

PROGRAM = Program("/venv/bin/python", "/venv/bin/pagents", (), "")
MOVED = Program("/new/bin/python", "/new/bin/pagents", (), "/data/home")
TOML = 'model = "o3" # mine\n\n[mcp_servers.other]\ncommand = "x"\n'


def found(
    home: Path, name: str = "claude-code", program: Program = PROGRAM, scope: Scope = Scope.USER
) -> Installation:
    client = CLIENTS[name]
    around = Around(variables={}, home=home, project=home / "project")
    return look(client, client.find(scope, around), program)


def contents(home: Path) -> dict[str, str]:
    return {str(p.relative_to(home)): p.read_text() for p in home.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", sorted(CLIENTS))
@pytest.mark.parametrize("scope", Scope)
def test_nothing_of_ours_is_left_and_all_of_theirs(tmp_path: Path, name: str, scope: Scope) -> None:
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text(TOML)
    (tmp_path / ".claude.json").write_text('{\n  "mcpServers": {\n    "x": {}\n  }\n}')
    before = {*tmp_path.rglob("*")}, contents(tmp_path)

    install(found(tmp_path, name, scope=scope))
    once = contents(tmp_path)
    install(found(tmp_path, name, scope=scope))

    assert once == contents(tmp_path)
    assert {part.state for part in found(tmp_path, name, scope=scope).parts()} == {State.CURRENT}
    uninstall(found(tmp_path, name, scope=scope))
    assert ({*tmp_path.rglob("*")}, contents(tmp_path)) == before


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_what_an_older_installation_wrote_is_updated_and_its_obsolete_files_go(
    tmp_path: Path, name: str
) -> None:
    install(found(tmp_path, name))
    folder = found(tmp_path, name).place.skill
    (folder / "old").mkdir()
    (folder / "old" / "gone.py").write_text("x = 1\n")
    (folder / "theirs.md").write_text("mine")
    note = json.loads((folder / ".installed.json").read_text())
    note["files"]["old/gone.py"] = hashlib.sha256(b"x = 1\n").hexdigest()
    note["files"]["../../outside"] = hashlib.sha256(b"out").hexdigest()
    (folder / ".installed.json").write_text(json.dumps(note))
    outside = folder.parent.parent / "outside"
    outside.write_text("out")

    change = found(tmp_path, name, MOVED).entry_change()
    states = {part.state for part in install(found(tmp_path, name, MOVED))}

    has_entry = found(tmp_path, name).place.config is not None
    assert (change is not None) is has_entry
    assert change is None or any(line[0] == "+" and MOVED.home in line for line in change.diff)
    assert found(tmp_path, name, MOVED).entry_change() is None
    assert State.OUTDATED in states
    assert State.EDITED not in states
    assert not (folder / "old").exists()
    assert outside.read_text() == "out"
    assert {part.state for part in found(tmp_path, name, MOVED).parts()} == {State.CURRENT}
    uninstall(found(tmp_path, name, MOVED))
    assert [*folder.iterdir()] == [folder / "theirs.md"]


def test_the_note_of_the_first_version_is_read(tmp_path: Path) -> None:
    install(found(tmp_path, "openclaw"))
    note = found(tmp_path, "openclaw").place.skill / ".installed.json"
    note.write_text(json.dumps(json.loads(note.read_text())["files"]))

    files = found(tmp_path, "openclaw", MOVED).parts()

    assert State.EDITED not in {part.state for part in files}


def test_a_file_that_a_person_changed_is_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    install(found(tmp_path))
    skill = found(tmp_path).place.skill / "SKILL.md"
    skill.write_text(skill.read_text() + "My own rule.\n")
    before = contents(tmp_path)

    with pytest.raises(EditedByHand) as refused:
        install(found(tmp_path, program=MOVED))

    assert refused.value.why == str(skill)
    assert contents(tmp_path) == before
    (edit,) = found(tmp_path).edits()
    assert "-My own rule." in edit.diff
    parts = uninstall(found(tmp_path))
    assert [part.where for part in parts if part.state is State.EDITED] == [str(skill)]
    assert [*contents(tmp_path)] == [".claude/skills/parallel-agents/SKILL.md"]


def test_an_entry_that_a_person_wrote_is_kept_and_shown(tmp_path: Path) -> None:
    config = tmp_path / ".claude.json"
    entry = {"command": "pagents", "env": {"OPENAI_API_KEY": "sk-secret"}}
    config.write_text(json.dumps({"mcpServers": {"parallel-agents": entry}}))

    with pytest.raises(EditedByHand, match="Claude Code"):
        install(found(tmp_path))
    uninstall(found(tmp_path))

    assert [*contents(tmp_path)] == [".claude.json"]
    (edit,) = found(tmp_path).edits()
    assert '-  "command": "pagents",' in edit.diff
    assert "sk-secret" not in "".join(edit.diff)
    install(found(tmp_path), overwrites=True)
    assert found(tmp_path).entry_state is State.CURRENT


@pytest.mark.parametrize(
    ("name", "file", "text", "why"),
    [
        ("claude-code", ".claude.json", '{\n  "a": 1,\n  b\n}', "line 3"),
        ("claude-code", ".claude.json", '{"mcpServers": 1}', "line 1, column 16"),
        ("codex", ".codex/config.toml", "a = 1\nb =\n", "line 2"),
        ("openclaw", ".openclaw/openclaw.json", "{\n  a: [}\n}", "line 2"),
    ],
)
def test_a_broken_configuration_is_refused_with_its_line_and_nothing_is_written(
    tmp_path: Path, name: str, file: str, text: str, why: str
) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)

    with pytest.raises(ClientConfigBroken) as refused:
        install(found(tmp_path, name))

    assert why in refused.value.why
    assert [*contents(tmp_path)] == [file]


def test_a_table_that_cannot_be_added_safely_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text("mcp_servers = {x = {}}\n")

    with pytest.raises(ClientConfigBroken, match="cannot be changed"):
        install(found(tmp_path, "codex"))

    assert [*contents(tmp_path)] == [".codex/config.toml"]


def test_openclaw_gets_no_configuration_that_it_has_not_made_itself(tmp_path: Path) -> None:
    install(found(tmp_path, "openclaw"))
    config = tmp_path / ".openclaw" / "openclaw.json"
    assert not config.exists()
    config.write_text("{gateway: {mode: 'local'}} // mine\n")

    install(found(tmp_path, "openclaw"))

    assert found(tmp_path, "openclaw").entry_state is State.CURRENT
    uninstall(found(tmp_path, "openclaw"))
    assert config.read_text() == "{gateway: {mode: 'local'}} // mine\n"


def test_a_configuration_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    (tmp_path / ".claude.json").symlink_to(real)

    install(found(tmp_path))

    assert (tmp_path / ".claude.json").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "parallel-agents" in real.read_text()


def test_a_link_in_the_skills_folder_is_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    skill = found(tmp_path).place.skill
    skill.mkdir(parents=True)
    (skill / "SKILL.md").symlink_to(theirs)

    with pytest.raises(EditedByHand):
        install(found(tmp_path))
    install(found(tmp_path), overwrites=True)

    assert theirs.read_text() == "precious"
    assert not (skill / "SKILL.md").is_symlink()


def test_a_place_where_no_folder_can_be_is_an_error(tmp_path: Path) -> None:
    (found(tmp_path).place.skill / "SKILL.md").mkdir(parents=True)

    with pytest.raises(InvalidInput, match=r"SKILL\.md cannot be read"):
        found(tmp_path)


def test_what_python_compiled_of_our_files_goes_with_them(tmp_path: Path) -> None:
    install(found(tmp_path, "openclaw"))
    compiled = found(tmp_path, "openclaw").place.skill / "__pycache__"
    compiled.mkdir()
    (compiled / "tools.cpython-311.pyc").write_bytes(b"")

    uninstall(found(tmp_path, "openclaw"))

    assert os.listdir(tmp_path) == []  # noqa: PTH208
