"""No scope ever holds more than its bound, and whoever waits is served in its turn."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.engine import Scope
from parallel_agents.engines.slots import Slots

PROCESS, SMALL = Scope("process", ""), Scope("model", "small")
SCOPES = [PROCESS, SMALL, Scope("team", "a"), Scope("team", "b"), Scope("agent", "writer")]


def take_all(places: Slots[str]) -> list[str]:
    taken: list[str] = []
    while (found := places.take()) is not None:
        taken.append(found[0])
    return taken


def test_higher_priority_goes_first_and_then_first_come_first_served() -> None:
    places: Slots[str] = Slots()
    for item, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -1)]:
        places.wait(item, [PROCESS], priority=priority)

    assert take_all(places) == ["b", "d", "a", "c", "e"]


def test_a_full_scope_holds_up_nobody_who_does_not_need_it() -> None:
    places: Slots[str] = Slots()
    places.bound(SMALL, 1)
    for item in ("first small", "second small"):
        places.wait(item, [PROCESS, SMALL], priority=1)
    places.wait("other", [PROCESS])

    assert take_all(places) == ["first small", "other"]
    places.release([PROCESS, SMALL])
    assert take_all(places) == ["second small"]


def test_a_lower_bound_ends_nothing_and_a_higher_one_lets_more_in() -> None:
    places: Slots[str] = Slots()
    for number in range(6):
        places.wait(str(number), [PROCESS])
    places.bound(PROCESS, 3)
    assert take_all(places) == ["0", "1", "2"]

    places.bound(PROCESS, 1)
    places.release([PROCESS])
    assert take_all(places) == []
    places.bound(PROCESS, 4)

    assert take_all(places) == ["3", "4"]


def test_what_is_cleared_is_not_taken() -> None:
    places: Slots[str] = Slots()
    places.wait("a", [PROCESS])
    places.wait("b", [SMALL])

    assert sorted(places.clear()) == ["a", "b"]
    assert places.take() is None


waiting = st.tuples(st.sets(st.sampled_from(SCOPES)).map(sorted).map(tuple), st.integers(-2, 2))
bounds = st.dictionaries(st.sampled_from(SCOPES), st.integers(1, 3))


@given(bounds, st.lists(waiting, max_size=30), st.data())
def test_no_bound_is_exceeded_and_nobody_starves(
    at_most: dict[Scope, int],
    arrivals: list[tuple[tuple[Scope, ...], int]],
    data: st.DataObject,
) -> None:
    places: Slots[int] = Slots()
    for scope, bound in at_most.items():
        places.bound(scope, bound)
    held: list[tuple[Scope, ...]] = []
    served: list[int] = []
    arrived = 0

    def take() -> None:
        while (found := places.take()) is not None:
            item, scopes = found
            served.append(item)
            held.append(scopes)
            assert scopes == arrivals[item][0]
        used = Counter(scope for scopes in held for scope in scopes)
        assert all(used[scope] <= bound for scope, bound in at_most.items())
        # Whoever still waits has a reason: a scope of its own that is full.
        for item in set(range(arrived)) - set(served):
            assert any(used[s] >= at_most.get(s, arrived + 1) for s in arrivals[item][0])

    while len(served) < len(arrivals) or held:
        if arrived < len(arrivals) and data.draw(st.booleans(), label="another comes"):
            scopes, priority = arrivals[arrived]
            places.wait(arrived, scopes, priority=priority)
            arrived += 1
        elif held:
            places.release(held.pop(data.draw(st.integers(0, len(held) - 1), label="ends")))
        take()

    assert sorted(served) == list(range(len(arrivals)))


@given(st.lists(st.integers(-2, 2), max_size=20))
def test_in_one_lane_the_order_is_by_priority_and_then_by_arrival(priorities: list[int]) -> None:
    places: Slots[int] = Slots()
    for item, priority in enumerate(priorities):
        places.wait(item, [PROCESS], priority=priority)
    taken: list[int] = []

    while (found := places.take()) is not None:
        taken.append(found[0])

    assert taken == sorted(range(len(priorities)), key=lambda item: (-priorities[item], item))


@pytest.mark.parametrize("lanes", [1, 3])
def test_between_lanes_the_one_that_waits_longest_goes_first(lanes: int) -> None:
    places: Slots[int] = Slots()
    for item in range(12):
        places.wait(item, [Scope("team", str(item % lanes))])
    taken: list[int] = []

    while (found := places.take()) is not None:
        taken.append(found[0])

    assert taken == list(range(12))
