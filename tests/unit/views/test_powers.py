"""What a project's servers would do is said in sentences before they are trusted."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.trust import Project
from parallel_agents.views.powers import powers

CONFIG = b"""
[mcp_servers.tickets]
command = "uvx"
args = ["tickets", "--key", "${TICKETS_KEY}"]
"""
SERVERS = b"""{"mcpServers": {
    "notes": {"url": "https://notes.example/mcp", "headers": {"A": "Bearer ${B}", "C": "env:D"}},
    "broken": {"url": 5}
}}"""


def test_commands_addresses_and_the_variables_that_they_get_are_said(tmp_path: Path) -> None:
    project = Project(folder=tmp_path, files={"config.toml": CONFIG, ".mcp.json": SERVERS})

    assert powers(project) == [
        "the command `uvx tickets --key '${TICKETS_KEY}'` is the MCP server tickets for any agent, "
        "and gets the value of TICKETS_KEY",
        "the MCP server notes at https://notes.example/mcp is called for any agent, and gets the "
        "value of B, D",
    ]


def test_commands_that_check_answers_of_tasks_with_needs_are_said(tmp_path: Path) -> None:
    (tmp_path / "teams").mkdir()
    head = "description: d\ntasks:\n  - agent: main\n    text: x\n"
    gate = "    gates: [{command: [make, test]}]\n"
    inner = f"name: inner\n{head}{gate}    needs: []\n"
    outer = f"name: outer\n{head}{gate}  - {{flow: inner.yaml, needs: [main]}}\n"
    files = {"teams/inner.yaml": inner.encode(), "teams/outer.yaml": outer.encode()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    said = powers(Project(folder=tmp_path, files=files))
    said = [each for each in said if "make test" in each]

    assert said == [
        "the command `make test` is executed for main in the team inner",
        "the command `make test` is executed for main in the team outer",
        "the command `make test` is executed for main in the team outer",
    ]


def test_commands_that_check_cases_are_said(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    cases = b"agent: coder\ncases:\n  - {id: one, text: x, checks: [{command: [make, test]}]}\n"
    (tmp_path / "cases/coder.yaml").write_bytes(cases)

    said = powers(Project(folder=tmp_path, files={"cases/coder.yaml": cases}))

    assert said == ["the command `make test` is executed for the case one of the agent coder"]
