from __future__ import annotations

import asyncio

from parallel_agents.models.local.slots import Slots, beginnings

CODE = "x" * 4000


async def hold(slots: Slots, prompt: str, seconds: float, taken: list[int]) -> None:
    async with slots.take(beginnings(prompt)) as slot:
        taken.append(slot)
        await asyncio.sleep(seconds)


def test_prompts_share_the_beginnings_up_to_where_they_differ() -> None:
    one, other = beginnings(CODE + "a" * 600), beginnings(CODE + "b" * 600)

    assert one[:7] == other[:7]
    assert one[7] != other[7]


def test_a_short_prompt_has_no_beginning() -> None:
    assert beginnings("short") == ()


async def test_calls_with_the_same_long_beginning_take_one_slot_after_the_other() -> None:
    slots, taken = Slots(2), list[int]()
    loop = asyncio.get_running_loop()
    began = loop.time()

    await asyncio.gather(*(hold(slots, CODE + name, 10, taken) for name in "abc"))

    assert len(set(taken)) == 1
    assert loop.time() - began == 30


async def test_a_call_with_another_beginning_takes_the_other_slot_at_once() -> None:
    slots, taken = Slots(2), list[int]()
    loop = asyncio.get_running_loop()
    began = loop.time()

    prompts = (CODE, CODE, "y" * 4000)
    await asyncio.gather(*(hold(slots, prompt, 10, taken) for prompt in prompts))

    assert sorted(set(taken)) == [0, 1]
    assert loop.time() - began == 20


async def test_short_prompts_use_all_slots() -> None:
    slots, taken = Slots(2), list[int]()

    await asyncio.gather(*(hold(slots, "short", 10, taken) for _ in range(2)))

    assert sorted(taken) == [0, 1]


async def test_a_conversation_returns_to_its_slot() -> None:
    slots, taken = Slots(2), list[int]()

    for prompt in (CODE, "y" * 4000, CODE + "more", "y" * 4000 + "more"):
        await hold(slots, prompt, 1, taken)

    assert taken == [0, 1, 0, 1]


async def test_a_call_that_is_cancelled_while_it_waits_leaves_its_place() -> None:
    slots, taken = Slots(1), list[int]()
    first = asyncio.create_task(hold(slots, "a", 10, taken))
    waiting = asyncio.create_task(hold(slots, "b", 10, taken))
    third = asyncio.create_task(hold(slots, "c", 10, taken))
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.gather(first, third)

    assert waiting.cancelled()
    assert taken == [0, 0]
    assert slots.busy == 0
