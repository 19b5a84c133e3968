"""No secret is shown by `pagents config`, wherever in the configuration somebody has put it."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.config import show_settings, without_secrets

TABLE = """\
[providers.mine]
wire = "chat"
base_url = "https://ana:s3cret/x@models.example/v1?token=s3cret"
key = "s3cret"
headers = { Authorization = "Bearer s3cret" }
"""


@pytest.mark.parametrize("is_json", [False, True])
def test_keys_headers_and_passwords_are_masked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], is_json: bool
) -> None:
    render.out.cache_clear()
    tmp_path.joinpath("config.toml").write_text(TABLE, "utf-8")

    show_settings(json=is_json, home=tmp_path)

    shown = capfd.readouterr().out
    assert "s3cret" not in shown
    assert "https://***@models.example/v1?***" in shown


@pytest.mark.parametrize("value", ["", "http://127.0.0.1:8080/v1", "bench/good", 3, None, ["a"]])
def test_what_is_no_secret_is_shown_as_it_is(value: Json) -> None:
    assert without_secrets(value) == value


def test_a_key_that_names_a_variable_is_shown() -> None:
    table: Json = {"mine": {"key": "env:MINE_KEY"}, "yours": {"key": "env:sk-123"}}

    assert without_secrets(table) == {"mine": {"key": "env:MINE_KEY"}, "yours": {"key": "***"}}
