"""Teams take turns, and calls of one team are served first come, first served."""

from __future__ import annotations

from parallel_agents.models.turns import Ticket, Turns


def test_teams_take_turns_and_calls_of_a_team_keep_their_order() -> None:
    turns = Turns()
    for tokens, team in enumerate(["a", "a", "a", "b", "a", "b", "c"]):
        turns.join(team, tokens)

    order = [f"{ticket.team}{ticket.tokens}" for ticket in turns.in_order()]

    assert order == ["a0", "b3", "c6", "a1", "b5", "a2", "a4"]


def test_granting_tickets_one_by_one_follows_the_same_order() -> None:
    turns = Turns()
    for team in "aaabac":
        turns.join(team, 0)
    order = [*turns.in_order()]

    granted: list[Ticket] = []
    while turns:
        first = next(turns.in_order())
        assert turns.grant(first)
        granted.append(first)

    assert granted == order


def test_a_ticket_that_left_is_not_granted_and_an_empty_team_disappears() -> None:
    turns = Turns()
    ticket = turns.join("a", 1)
    other = turns.join("b", 2)

    turns.leave(ticket)

    assert not turns.grant(ticket)
    assert [*turns.in_order()] == [other]
    assert len(turns) == 1
