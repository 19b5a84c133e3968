"""Real inference with tools: the embedded model edits a file, and a command in the sandbox checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.sandbox.machine import needs_sandbox
from tests.local_models import EMBEDDED

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

pytestmark = [pytest.mark.local_model, pytest.mark.long, pytest.mark.timeout(1800), needs_sandbox]

SECONDS = 1500.0
EDITOR = f"""---
name: editor
description: Edits a file.
model: {EMBEDDED}
tools: [read_file, edit_file]
permissions: {{allow: [edit_file]}}
sandbox: require
temperature: 0
limits: {{max_turns: 10, attempts: 3}}
gates:
  - command: [grep, -qx, PORT = 9090, settings.py]
---
You edit files. First call read_file, then change the file with edit_file, then say what you changed.
"""
SOURCE = 'HOST = "localhost"\nPORT = 8080\n'


def test_the_embedded_model_edits_a_file_and_passes_a_gate_in_the_sandbox(
    embedded: Pagents,
) -> None:
    embedded.project("agents/editor.md", EDITOR)
    embedded.file("settings.py", SOURCE)

    task = "In settings.py, change the port from 8080 to 9090. Begin with read_file."
    ended = embedded.start(
        "spawn", "editor", task, "--workspace", ".", "--wait", "--label", "mine"
    ).ended(SECONDS)

    bodies = [item["event"] for item in embedded.items("history", "mine")]
    called = {body["call"]["name"] for body in bodies if body["kind"] == "tool_started"}
    assert ended.code == 0, ended
    assert called == {"read_file", "edit_file"}
    assert [body["verdict"]["is_accepted"] for body in bodies if body["kind"] == "gated"][-1:] == [
        True
    ]
    assert (embedded.folder / "settings.py").read_text() == SOURCE
    assert embedded("merge", "mine").code == 0
    assert "PORT = 9090\n" in (embedded.folder / "settings.py").read_text()
