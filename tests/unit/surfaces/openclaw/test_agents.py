"""Names of the guides mean agents of the catalog, or sessions."""

from __future__ import annotations

import pytest

from parallel_agents.surfaces.openclaw.agents import Meant, meant_by

NAMES = ("reviewer", "code_reviewer", "main")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("code_reviewer", Meant("code_reviewer", None)),
        ("agent_code_reviewer_7", Meant("code_reviewer", "agent_code_reviewer_7")),
        ("agent_reviewer_7", Meant("reviewer", "agent_reviewer_7")),
        ("agent_research_7", Meant(None, "agent_research_7")),
        ("domain_7", Meant(None, "domain_7")),
    ],
)
def test_an_agents_name_is_that_agent_and_another_is_a_label(given: str, meant: Meant) -> None:
    assert meant_by(given, NAMES) == meant
