"""A secret in names of work is nowhere in the store, and a reader hides what was stored before it was known."""

from __future__ import annotations

from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.app.reading import open_reader
from parallel_agents.secrets.known import KNOWN
from parallel_agents.setting_sources import load
from parallel_agents.settings import read_environment
from parallel_agents.testing import ScriptedModel

QUOTED = "Zx81\"quote'd-T0KEN"
LITERAL = r"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----"
AGENT = pa.Agent("a", description="Works.", instructions="Work.")


def run(home: Path, task: pa.Task, reply: str) -> pa.TeamResult:
    model = ScriptedModel([reply])
    return pa.run(
        [task], key="team", home=home, model="scripted/m", models={"scripted": lambda _: model}
    )


@pytest.mark.parametrize("secret", [QUOTED, LITERAL])
def test_a_team_whose_names_hold_a_secret_gives_its_results_back(
    tmp_path: Path, secret: str
) -> None:
    KNOWN.add(secret, "S")

    team = run(tmp_path, pa.Task(AGENT, f"use {secret}", key=f"k {secret}", label=secret), secret)

    assert [result.text for result in team.results] == ["[redacted:S]"]
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for part in ("quote'd", "MIIEvQIBADANBgkq"):
        assert part.encode() not in stored


async def test_a_reader_knows_the_secrets_of_the_settings_and_asks_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(
        f'[profiles.p.env]\nT = "env:LATER"\nC = "cmd:touch {tmp_path}/asked"\n'
    )
    monkeypatch.setenv("LATER", QUOTED)
    monkeypatch.setenv("PARALLEL_AGENTS_HOME", str(tmp_path))
    environment = read_environment()

    async with open_reader(environment, load(environment).settings):
        assert KNOWN.hide(f"was {QUOTED}") == "was [redacted:T]"
    assert not (tmp_path / "asked").exists()
