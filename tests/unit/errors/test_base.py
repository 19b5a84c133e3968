"""An error that nobody caught says in its traceback what the command line would say."""

from __future__ import annotations

import traceback

from parallel_agents.errors import InvalidInput, StoreFull


def last_lines(error: Exception) -> list[str]:
    return "".join(traceback.format_exception(error)).splitlines()


def test_a_traceback_ends_with_the_cause_what_to_do_and_the_code() -> None:
    error = InvalidInput("key is 5", why="it takes text", hint="correct key")

    assert last_lines(error) == [
        "parallel_agents.errors.caller.InvalidInput: key is 5",
        "  why   it takes text",
        "  hint  correct key",
        "  code  PA-E101; `pagents docs E101` explains it",
    ]


def test_what_is_empty_is_left_out_and_a_hint_that_was_found_later_is_shown() -> None:
    error = StoreFull("the disk is full")
    error.hint = "free some space"

    assert last_lines(error)[1:] == [
        "  hint  free some space",
        "  code  PA-E402; `pagents docs E402` explains it",
    ]


def test_a_message_is_one_line_and_further_notes_follow() -> None:
    error = InvalidInput("key is 5", hint="correct key")
    error.add_note("while the team was planned")

    assert str(error) == "key is 5"
    assert last_lines(error)[-1] == "while the team was planned"
