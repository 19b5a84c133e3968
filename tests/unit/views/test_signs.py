"""Signs: one for each state, one column wide, told apart without colour, and the same at the page."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from rich.cells import cell_len

from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.top_rows import in_ascii
from parallel_agents.views.sessions import INTERRUPTED, PAUSED, RETRYING, STOPPED
from parallel_agents.views.signs import NEEDS_YOU, SIGNS

WORDS = Path(__file__).parents[3] / "src/parallel_agents/surfaces/gateway/ui/words.js"
_WENT_WRONG = {"failed", "timed_out", "unreadable"}
_LEFT = {"killed", "stopped", "interrupted", "unknown", "withdrawn"}


def test_every_state_has_a_sign() -> None:
    assert SIGNS.keys() >= {*RunStatus, STOPPED, INTERRUPTED, RETRYING, PAUSED}


def test_states_share_a_sign_only_if_they_mean_the_same_for_a_person() -> None:
    sharing: dict[str, set[str]] = defaultdict(set)
    for state, sign in SIGNS.items():
        sharing[sign].add(state)

    assert [states for states in sharing.values() if len(states) > 1] == [_WENT_WRONG, _LEFT]
    assert NEEDS_YOU not in sharing
    assert len({in_ascii(sign) for sign in (*sharing, NEEDS_YOU)}) == len(sharing) + 1


def test_a_sign_is_one_column_wide() -> None:
    assert {cell_len(sign) for sign in (*SIGNS.values(), NEEDS_YOU)} == {1}


def test_the_page_has_the_same_signs() -> None:
    table = WORDS.read_text(encoding="utf-8").partition("const GLYPHS = {")[2].partition("}")[0]

    assert dict(re.findall(r"(\w+): '(.)'", table)) == SIGNS
