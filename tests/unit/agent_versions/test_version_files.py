"""Folders of versions appear with all of their files, and links lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.agent_versions.record import DraftRecord, Files, Origin, Record
from parallel_agents.agent_versions.version_files import (
    place_files,
    read_folder,
    read_record,
    write_folder,
)
from parallel_agents.errors import InvalidFile

FILES = Files("agent\n", "cases\n")


def test_a_folder_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = Record(version=1, at=2.0, origin=Origin.EDITED, before=None, digest=FILES.digest)

    write_folder(tmp_path / "1", FILES, record)

    assert read_folder(tmp_path / "1") == FILES
    assert read_record(tmp_path / "1", Record) == record
    assert [each.name for each in tmp_path.iterdir()] == ["1"]


def test_what_an_earlier_process_left_unfinished_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / ".1.part").mkdir()
    (tmp_path / ".1.part" / "agent.md").write_text("half", "utf-8")

    write_folder(tmp_path / "1", FILES, DraftRecord(at=1.0))

    assert read_folder(tmp_path / "1") == FILES


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"version": "many"}', "utf-8")

    with pytest.raises(InvalidFile, match=r"record\.json"):
        read_record(tmp_path, Record)


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    outside, agent = tmp_path / "outside", tmp_path / "agents" / "writer.md"
    outside.write_text("mine", "utf-8")
    agent.parent.mkdir()
    agent.symlink_to(outside)

    place_files({agent: "new"})

    assert outside.read_text("utf-8") == "mine"
    assert agent.read_text("utf-8") == "new"
