"""What is wrong in the files of a project is found before anything needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.settings import Environment
from parallel_agents.trust import Project
from parallel_agents.views.faults import faults

GOOD_AGENT = "---\nname: good\ndescription: Writes.\n---\nWrite.\n"
GOOD = {
    "config.toml": 'model = "a/b"\n',
    "agents/good.md": GOOD_AGENT,
    "cases/good.yaml": "agent: good\ncases: [{id: one, text: Go., checks: [{regex: x}]}]\n",
    "teams/good.yaml": "name: good\ndescription: A team.\ntasks: [{agent: main, text: Go.}]\n",
    ".mcp.json": '{"mcpServers": {"notes": {"command": "notes"}}}',
}


def project_of(folder: Path, files: dict[str, str]) -> Project:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return Project(folder=folder, files={name: text.encode() for name, text in files.items()})


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("agents/good.md", "Write.\n", "no front matter"),
        ("agents/good.md", GOOD_AGENT.replace("description", "descripion"), "'descripion'"),
        ("agents/Bad Name.md", GOOD_AGENT, "Bad Name.md"),
        ("teams/good.yaml", "name: good\ntasks: 3\n", "'description' is missing"),
        ("cases/good.yaml", "agent: good\n", "'cases' is missing"),
        ("config.toml", "model = ", "cannot be read"),
        ("config.toml", 'modell = "a/b"\n', "unknown setting 'modell'"),
        ("config.toml", 'notify = "x"\n', "a project cannot set notify"),
        (".mcp.json", "{", ".mcp.json cannot be read"),
        (".mcp.json", '{"mcpServers": {"notes": {"command": 3}}}', "the MCP server notes"),
    ],
)
def test_the_file_and_what_is_wrong_in_it_are_named(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    project = project_of(tmp_path / "project", GOOD | {name: content})
    home = Environment(home=tmp_path / "home", variables={})

    (found,) = faults(project, home)

    assert found.file == name
    assert why in found.error.message


def test_files_that_are_valid_have_no_fault_and_those_of_the_user_are_not_named(
    tmp_path: Path,
) -> None:
    project = project_of(tmp_path / "project", GOOD)
    home = Environment(home=tmp_path / "home", variables={"PAGENTS_MODELL": "a/b"})
    project_of(home.home, {"config.toml": "wrong = 1\n"})

    assert faults(project, home) == []
