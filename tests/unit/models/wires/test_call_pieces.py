"""Pieces of calls are put together however a server numbers them."""

from __future__ import annotations

import pytest

from parallel_agents.models.wires.call_pieces import take_call
from parallel_agents.models.wires.draft import Draft

OFFERED = {"look": "look", "gr_e_1234": "größe"}


def piece(draft: Draft, index: int | None, call_id: str, name: str, arguments: str) -> None:
    take_call(draft, index, call_id, name, arguments, is_whole=False)


def calls_of(draft: Draft) -> list[tuple[str, object]]:
    return [
        (call.name, call.arguments.get("city")) for call in draft.reply("a/b").message.tool_calls
    ]


@pytest.mark.parametrize(
    "indices", [(0, 1), (0, 0), (None, None)], ids=["counted", "all 0", "missing"]
)
@pytest.mark.parametrize("ids", [("a", "b"), ("", ""), ("x", "x")], ids=["own", "none", "equal"])
def test_parallel_calls_stay_apart_whatever_their_numbers_and_ids(
    indices: tuple[int | None, int | None], ids: tuple[str, str]
) -> None:
    draft = Draft(tools=OFFERED)

    piece(draft, indices[0], ids[0], "look", '{"city": "Paris"}')
    piece(draft, indices[1], ids[1], "look", '{"city": "Rome"}')

    assert calls_of(draft) == [("look", "Paris"), ("look", "Rome")]


@pytest.mark.parametrize("repeated", ["", "look"])
def test_pieces_of_a_call_are_joined_also_if_each_names_it(repeated: str) -> None:
    draft = Draft(tools=OFFERED)

    piece(draft, None, "a", "look", "")
    for text in ('{"ci', 'ty": "Pa', 'ris"}', ""):
        piece(draft, None, "a" if repeated else "", repeated, text)

    assert calls_of(draft) == [("look", "Paris")]


def test_ids_are_unique_within_the_transcript() -> None:
    draft = Draft(tools=OFFERED)
    for city in ("Paris", "Rome"):
        take_call(draft, 0, "x", "look", f'{{"city": "{city}"}}', is_whole=True)
    take_call(draft, 0, "y", "look", "{}", is_whole=True)

    ids = [call.id for call in draft.reply("a/b", {"y"}).message.tool_calls]

    assert ids[0] == "x"
    assert len({*ids, "y"}) == 4


@pytest.mark.parametrize(
    "name", ["look", " look", "functions.look", "look<|channel|>commentary", "functions.look:0"]
)
def test_a_name_is_read_without_control_tokens(name: str) -> None:
    draft = Draft(tools=OFFERED)
    take_call(draft, 0, "a", name, "{}", is_whole=True)

    assert calls_of(draft) == [("look", None)]


def test_a_name_that_no_wire_takes_is_mapped_back() -> None:
    draft = Draft(tools=OFFERED)
    take_call(draft, 0, "a", "gr_e_1234", "{}", is_whole=True)

    assert calls_of(draft) == [("größe", None)]


@pytest.mark.parametrize(
    "names", [("loo", "k"), ("loo", "look"), ("look", "look")], ids=["piece", "growing", "again"]
)
def test_a_name_in_pieces_is_one_name(names: tuple[str, str]) -> None:
    draft = Draft(tools=OFFERED)

    for name in names:
        piece(draft, 0, "a", name, "")
    piece(draft, 0, "", "", '{"city": "Paris"}')

    assert calls_of(draft) == [("look", "Paris")]


def test_an_id_that_changes_before_the_arguments_are_complete_is_of_the_same_call() -> None:
    draft = Draft(tools=OFFERED)

    piece(draft, 0, "a", "look", "")
    piece(draft, 0, "b", "look", '{"city": ')
    piece(draft, 0, "c", "look", '"Paris"}')

    assert calls_of(draft) == [("look", "Paris")]


def test_a_piece_under_a_wrong_number_goes_on_with_the_open_call() -> None:
    draft = Draft(tools=OFFERED)

    piece(draft, 0, "a", "look", "")
    piece(draft, 1, "", "", '{"city": "Paris"}')

    assert calls_of(draft) == [("look", "Paris")]


def test_the_call_that_a_limit_cut_is_none_although_its_json_is_closed() -> None:
    draft = Draft(tools=OFFERED, reason="length")

    piece(draft, 0, "a", "look", '{"city": "Paris"}')
    piece(draft, 1, "b", "look", '{"city": "Ro"}')

    assert calls_of(draft) == [("look", "Paris")]
