"""Trust: a project's folder has effect in the form that the user has trusted, and in no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agents.errors import Untrusted
from parallel_agents.trust import (
    Project,
    check_trusted,
    find_project,
    forget_trust,
    is_known,
    is_ours,
    record_trust,
    untrusted_files,
)

AGENT = "---\nname: main\ndescription: Says hello.\n---\nHello.\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    write(folder, "config.toml", "max_turns = 2")
    write(folder, "agents/main.md", AGENT)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    file = folder / ".parallel-agents" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def read(folder: Path, home: Path, user_folder: Path | None = None) -> Project:
    project = find_project(folder, home, user_folder)
    assert project is not None
    return project


def test_a_project_is_not_trusted_at_first(work: Path, home: Path) -> None:
    with pytest.raises(Untrusted) as caught:
        check_trusted(read(work, home), home)

    assert caught.value.why == "agents/main.md is new, config.toml is new"


def test_a_project_that_was_trusted_is_accepted(work: Path, home: Path) -> None:
    record_trust(read(work, home), home)

    check_trusted(read(work, home), home)


def edit(work: Path) -> None:
    write(work, "config.toml", "max_turns = 3")


def add(work: Path) -> None:
    write(work, "teams/t.yaml", "name: t")


def remove(work: Path) -> None:
    (work / ".parallel-agents/agents/main.md").unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (edit, {"config.toml": "has changed"}),
        (add, {"teams/t.yaml": "is new"}),
        (remove, {"agents/main.md": "is gone"}),
    ],
)
def test_any_change_asks_again(
    work: Path, home: Path, change: Callable[[Path], None], told: dict[str, str]
) -> None:
    record_trust(read(work, home), home)

    change(work)

    assert untrusted_files(read(work, home), home) == told


def test_what_defines_nothing_needs_no_trust(work: Path, home: Path) -> None:
    record_trust(read(work, home), home)

    write(work, "notes.txt", "Buy tea.")

    assert untrusted_files(read(work, home), home) == {}


def test_the_trust_of_one_folder_is_not_that_of_its_copy(
    work: Path, home: Path, tmp_path: Path
) -> None:
    record_trust(read(work, home), home)
    copy = tmp_path / "copy"
    work.rename(copy)

    assert len(untrusted_files(read(copy, home), home)) == 2


def test_trust_can_be_taken_back(work: Path, home: Path) -> None:
    record_trust(read(work, home), home)

    assert forget_trust(work / ".parallel-agents", home)
    assert not forget_trust(work / ".parallel-agents", home)
    assert len(untrusted_files(read(work, home), home)) == 2


@pytest.mark.parametrize("record", [b"", b"[]", b'{"folder": 1}', b"\xff"])
def test_a_record_that_cannot_be_read_is_none(work: Path, home: Path, record: bytes) -> None:
    record_trust(read(work, home), home)
    (file,) = (home / "trusted").iterdir()
    file.write_bytes(record)

    assert len(untrusted_files(read(work, home), home)) == 2


def test_a_record_is_for_its_user_alone(work: Path, home: Path) -> None:
    record_trust(read(work, home), home)

    (file,) = (home / "trusted").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_changes_after_it_was_read_is_refused(work: Path, home: Path) -> None:
    project = read(work, home)
    file = project.folder / "agents" / "main.md"

    project.check(file, AGENT.encode())
    with pytest.raises(Untrusted, match="not trusted in its present form"):
        project.check(file, b"other")


def test_a_file_that_appears_later_is_refused(work: Path, home: Path) -> None:
    project = read(work, home)

    with pytest.raises(Untrusted):
        project.check(project.folder / "agents" / "late.md", AGENT.encode())


def test_files_elsewhere_are_not_its_concern(work: Path, home: Path) -> None:
    read(work, home).check(home / "config.toml", b"anything")


def test_a_pipe_is_refused_and_not_waited_for(work: Path, home: Path) -> None:
    os.mkfifo(work / ".parallel-agents" / "agents" / "pipe.md")

    with pytest.raises(Untrusted, match=r"pipe\.md cannot be shown"):
        read(work, home)


def test_what_cannot_be_read_is_refused(work: Path, home: Path) -> None:
    (work / ".parallel-agents" / "agents" / "gone.md").symlink_to("nowhere")

    with pytest.raises(Untrusted, match=r"gone\.md cannot be shown"):
        read(work, home)


def test_a_file_of_any_size_is_not_read_whole(work: Path, home: Path) -> None:
    write(work, "config.toml", "#" * (1 << 20) + "#")

    with pytest.raises(Untrusted) as refused:
        read(work, home)
    assert refused.value.why == "it has more than 1 MiB"


def test_the_nearest_project_is_found_up_to_the_repository(tmp_path: Path, home: Path) -> None:
    inner = tmp_path / "repository" / "src"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    write(tmp_path, "config.toml", "")

    assert find_project(inner, home, None) is None

    write(tmp_path / "repository", "config.toml", "")

    assert read(inner, home).folder == tmp_path / "repository" / ".parallel-agents"


def test_outside_of_a_repository_only_the_users_own_folders_are_searched(
    tmp_path: Path, home: Path
) -> None:
    inner = tmp_path / "ana" / "notes" / "today"
    inner.mkdir(parents=True)
    write(tmp_path, "config.toml", "")
    write(tmp_path / "ana" / "notes", "config.toml", "")

    assert find_project(inner, home, tmp_path / "ana" / "other") is None
    assert read(inner, home, tmp_path / "ana").folder.parent == tmp_path / "ana" / "notes"


def test_a_home_is_no_project(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", "")
    folder = tmp_path / ".parallel-agents"

    assert find_project(tmp_path, folder, None) is None
    assert find_project(tmp_path, tmp_path / "elsewhere", tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
@pytest.mark.parametrize("given", [".", ".parallel-agents"])
def test_a_folder_of_another_user_is_passed_over(
    work: Path, home: Path, given: str, caplog: pytest.LogCaptureFixture
) -> None:
    os.chown(work / given, 12345, 12345)

    assert find_project(work, home, None) is None
    assert "belongs to another user and is not used" in caplog.text


def test_servers_beside_the_folder_are_part_of_the_project(work: Path, home: Path) -> None:
    record_trust(read(work, home), home)
    (work / ".mcp.json").write_text("{}")

    with pytest.raises(Untrusted) as caught:
        check_trusted(read(work, home), home)

    assert caught.value.why == ".mcp.json is new"


def test_servers_alone_are_a_project_known_by_their_file(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".mcp.json").write_text("{}")

    project = read(tmp_path, home)

    assert project.is_only_mcp
    assert project.place == tmp_path / ".mcp.json"
    assert not is_known(project, home)


def test_servers_that_were_trusted_once_ask_again(tmp_path: Path, home: Path) -> None:
    (tmp_path / ".mcp.json").write_text("{}")
    record_trust(read(tmp_path, home), home)
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {}}')
    project = read(tmp_path, home)

    assert is_known(project, home)
    with pytest.raises(Untrusted, match=r"the project's file .*\.mcp\.json is not trusted"):
        check_trusted(project, home)


def test_a_project_further_up_precedes_servers_alone(work: Path, home: Path) -> None:
    (work / ".git").mkdir()
    (work / "sub").mkdir()
    (work / "sub" / ".mcp.json").write_text("{}")

    assert read(work / "sub", home).folder == work / ".parallel-agents"


def test_servers_in_the_users_own_folder_are_no_project(tmp_path: Path) -> None:
    (tmp_path / ".mcp.json").write_text("{}")

    assert find_project(tmp_path, tmp_path / ".parallel-agents", tmp_path) is None


def test_a_pipe_instead_of_servers_is_no_project(tmp_path: Path, home: Path) -> None:
    os.mkfifo(tmp_path / ".mcp.json")

    assert find_project(tmp_path, home, None) is None


def test_a_file_that_begins_with_a_dot_defines_nothing(work: Path, home: Path) -> None:
    agents = work / ".parallel-agents" / "agents"
    agents.mkdir(exist_ok=True)
    (agents / ".#writer.md").symlink_to("somebody@somewhere.123")

    project = find_project(work, home, None)

    assert project is not None
    assert not any(".#" in name for name in project.files)


def test_a_folder_of_this_user_is_ours(tmp_path: Path) -> None:
    assert is_ours(tmp_path)
