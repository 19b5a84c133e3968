"""What can be used of the settings, whatever is wrong in them."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.app.usable import find_usable
from parallel_agents.settings import Environment

CONFIG = """
tries = 0
max_turns = 7
[providers.good]
base_url = "http://127.0.0.1:1/v1"
wire = "chat"
[providers.bad]
wire = "nope"
"""


def test_what_is_wrong_is_left_out_and_told_and_the_rest_is_used(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")

    loaded = find_usable(Environment(home=tmp_path, variables={}))

    assert loaded.settings.max_turns == 7
    assert list(loaded.settings.providers) == ["good"]
    assert [problem.message.partition(" is invalid")[0] for problem in loaded.problems] == [
        "setting tries",
        "providers.bad.wire",
    ]
