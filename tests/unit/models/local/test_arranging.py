from __future__ import annotations

from parallel_agents.core.ids import SessionKey, make_team_key
from parallel_agents.core.message import task_text, user
from parallel_agents.core.model import ModelRequest
from parallel_agents.models.local.arranging import Arranger

TEAM = make_team_key("review", "1")
CODE = "def f(): pass\n" * 200


def ask(instructions: str, code: str = CODE, team: SessionKey | None = TEAM) -> ModelRequest:
    return ModelRequest(
        system=instructions, messages=(user(task_text("Review it.", {"code": code})),), team=team
    )


def test_agents_of_a_team_begin_with_the_input_that_they_share() -> None:
    arranger = Arranger()

    one, other = (arranger.arranged(ask(name)) for name in ("Find bugs.", "Find holes."))

    begin = one.messages[0].text.removesuffix("Find bugs.\n\nReview it.")
    assert other.messages[0].text == begin + "Find holes.\n\nReview it."
    assert one.system == other.system == ""


def test_an_agent_that_reads_many_inputs_begins_with_its_instructions() -> None:
    arranger = Arranger()
    arranger.arranged(ask("Find bugs."))

    rows = [ask("Find bugs.", CODE + str(number)) for number in range(3)]

    assert [arranger.arranged(row) for row in rows] == rows


def test_a_conversation_keeps_the_order_that_it_began_with() -> None:
    arranger = Arranger()
    first = arranger.arranged(ask("Find bugs."))
    for number in range(3):
        arranger.arranged(ask("Find bugs.", CODE + str(number)))

    assert arranger.arranged(ask("Find bugs.")) == first


def test_what_is_short_or_no_teams_is_sent_as_it_is() -> None:
    arranger = Arranger()
    requests = [ask("Find bugs.", "short"), ask("Find bugs.", team=None)]

    assert [arranger.arranged(request) for request in requests] == requests
