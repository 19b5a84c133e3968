from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import MOST_CHARACTERS, NOTHING, LiveTextFolder, Text
from parallel_agents.live_text.overheard import Telling, Told

if TYPE_CHECKING:
    from pathlib import Path

RUN, NAMES = RunId("run"), ("agent:main:subagent:root", "its key")


async def test_nothing_is_told_while_nobody_looks(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    telling = Telling(folder, RUN, NAMES, Told(1))
    telling.begin(1)
    telling.write("Dear")
    await asyncio.sleep(1)

    assert not telling.is_wanted
    assert folder.read(RUN) == NOTHING


@pytest.mark.parametrize("what", [RUN, *NAMES])
async def test_it_is_wanted_by_who_looks_at_the_run_its_tree_or_its_key(
    tmp_path: Path, what: str
) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(what)
    telling = Telling(folder, RUN, NAMES, Told(1))
    telling.begin(1)

    assert telling.is_wanted


async def test_of_very_many_calls_some_are_told_and_then_others(tmp_path: Path) -> None:
    folder, told = LiveTextFolder(tmp_path), Told(2)
    folder.want(NAMES[0])
    calls = [Telling(folder, RunId(f"run{number}"), NAMES, told) for number in range(4)]
    for call in calls:
        call.begin(1)
    first = [call.is_wanted for call in calls]
    calls[0].end_call()
    calls[1].end()
    for call in calls[2:]:
        call.begin(2)

    assert first == [True, True, False, False]
    assert [call.is_wanted for call in calls] == [False, False, True, True]


async def test_pieces_are_told_together_a_tenth_of_a_second_later(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    telling = Telling(folder, RUN, NAMES, Told(1))
    telling.begin(1)
    telling.write("Dear ")
    telling.write("Ana")
    at_once = folder.read(RUN)
    await asyncio.sleep(0.2)

    assert telling.is_wanted
    assert at_once == Text(1, "", 1)
    assert folder.read(RUN) == Text(1, "Dear Ana", 1)


async def test_what_is_taken_back_is_gone_and_the_next_text_has_another_number(
    tmp_path: Path,
) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    telling = Telling(folder, RUN, NAMES, Told(1))
    telling.begin(1)
    telling.write("Dear ")
    telling.take_back()
    await asyncio.sleep(1)
    gone = folder.read(RUN)
    telling.write("Hello")
    await asyncio.sleep(1)

    assert gone == Text(2, "", 1)
    assert folder.read(RUN) == Text(3, "Hello", 1)


async def test_no_more_than_a_bound_is_told_and_nothing_stays(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    folder.want(RUN)
    telling = Telling(folder, RUN, NAMES, Told(1))
    telling.begin(1)
    telling.write("x" * (MOST_CHARACTERS + 5))
    telling.write("y")
    await asyncio.sleep(1)
    told = folder.read(RUN).text
    telling.end()

    assert told == "x" * MOST_CHARACTERS
    assert folder.read(RUN) == NOTHING
