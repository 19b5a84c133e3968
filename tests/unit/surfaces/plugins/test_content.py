"""The skill is one text, filled in for each client."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from parallel_agents.surfaces.plugins.clients import CLIENTS, CODEX, OPENCLAW
from parallel_agents.surfaces.plugins.content import (
    Program,
    description,
    server_entry,
    skill_files,
    this_program,
)

PROGRAM = Program("/venv/bin/python", "/venv/bin/pagents", (), "")


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_no_mark_of_a_template_is_left(name: str) -> None:
    files = skill_files(CLIENTS[name], "/s/parallel-agents", PROGRAM)

    for file, content in files.items():
        assert not re.search(rb"@[A-Z_]+@", content), file


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_the_front_matter_is_what_every_client_of_skills_reads(name: str) -> None:
    text = skill_files(CLIENTS[name], "/s", PROGRAM)["SKILL.md"].decode()

    front = yaml.safe_load(text.split("---\n")[1])

    assert front == {"name": "parallel-agents", "description": description()}
    assert len(description()) <= 1024
    assert "/venv/bin" in text or "pagents.sh" in text


def test_the_clients_read_the_same_rules() -> None:
    texts = [skill_files(client, "/s", PROGRAM)["SKILL.md"] for client in CLIENTS.values()]
    rule = (
        b"- Put everything that the agent needs into its task: it does not see your conversation.\n"
    )

    assert all(rule in text for text in texts)
    assert len({text.split(b"\n## ")[0].split(b"\n\n")[2] for text in texts}) == 1


def run_script(folder: Path, program: Program, path: str) -> subprocess.CompletedProcess[str]:
    script = folder / "pagents.sh"
    script.write_bytes(skill_files(CODEX, "/s", program)["scripts/pagents.sh"])
    return subprocess.run(
        ["/bin/sh", script, "--version"],
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_the_script_finds_the_command_where_it_was_or_on_the_path(tmp_path: Path) -> None:
    bin = tmp_path / "it's here"
    bin.mkdir()
    command = bin / "pagents"
    command.write_text('#!/bin/sh\necho "ran $*"\n')
    command.chmod(0o755)

    by_path = run_script(tmp_path, Program("", str(command), (), ""), "/nowhere")
    moved = run_script(tmp_path, PROGRAM, str(bin))

    assert by_path.stdout == moved.stdout == "ran --version\n"


def test_the_script_also_runs_an_interpreter_that_has_the_package(tmp_path: Path) -> None:
    program = Program("", "/bin/echo", ("-P", "-m", "parallel_agents"), "")

    assert run_script(tmp_path, program, "/nowhere").stdout == "-P -m parallel_agents --version\n"


def test_a_chosen_home_is_that_of_the_script_and_of_the_commands_of_the_skill(
    tmp_path: Path,
) -> None:
    says = ("/bin/sh", ("-c", 'echo "$PARALLEL_AGENTS_HOME"'), "/data/my home")
    program = Program("/p", *says)

    ran = run_script(tmp_path, program, "/nowhere")
    lacking = run_script(tmp_path, program._replace(command="/gone"), "/nowhere")
    skill = skill_files(OPENCLAW, "/skill", program)["SKILL.md"].decode()

    assert ran.stdout == "/data/my home\n"
    assert "pagents skill install --for codex --home '/data/my home'" in lacking.stderr
    assert "PARALLEL_AGENTS_HOME='/data/my home' /p - <<'PY'" in skill


def test_the_script_says_how_to_install_what_is_missing(tmp_path: Path) -> None:
    done = run_script(tmp_path, PROGRAM, "/nowhere")

    assert done.returncode == 127
    assert '-m pip install ".[local]"' in done.stderr
    assert "pagents skill install --for codex" in done.stderr


def test_a_chosen_home_is_named_to_the_server() -> None:
    entry = server_entry(CODEX, Program("/p", "/p", ("-m", "x"), "/data"))

    assert entry["args"] == ["-m", "x", "mcp", "--home", "/data", "--longest-wait", "590"]
    assert "OPENAI_API_KEY" in json.dumps(entry["env_vars"])


def test_the_command_that_runs_this_is_named_by_its_full_path() -> None:
    assert Path(this_program().command).is_absolute()
