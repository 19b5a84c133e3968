"""A child's policy is never wider than its parent's."""

from __future__ import annotations

from hypothesis import given, strategies as st

from parallel_agents.core.policy import Policy

NAMES = ("writer", "critic", "lead", "*")
SOME = st.lists(st.sampled_from(NAMES), unique=True).map(tuple)
BOUND = st.none() | st.integers(0, 9)
POLICIES = st.builds(
    Policy, spawns=SOME, denies=SOME, max_depth=BOUND, max_children=BOUND, max_total=BOUND
)


def is_within(inner: int | None, outer: int | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


@given(POLICIES, POLICIES)
def test_a_narrowed_policy_allows_what_both_allow(own: Policy, above: Policy) -> None:
    left = own.within(above)

    for name in ("writer", "critic", "lead", "nobody"):
        assert left.allows(name) <= (own.allows(name) and above.allows(name))
    if left.spawns:
        assert is_within(left.max_depth, above.max_depth)
        assert is_within(left.max_children, above.max_children)
        assert is_within(left.max_total, above.max_total)


@given(POLICIES, POLICIES)
def test_narrowing_again_changes_nothing(own: Policy, above: Policy) -> None:
    once = own.within(above)

    assert once.within(above) == once


def test_an_unnamed_agent_is_denied_and_a_denial_wins() -> None:
    assert not Policy().allows("writer")
    assert Policy(spawns=("*",)).allows("writer")
    assert not Policy(spawns=("writer", "*"), denies=("writer",)).allows("writer")


def test_at_the_greatest_depth_no_session_spawns() -> None:
    policy = Policy(spawns=("*",), max_depth=2)

    assert [policy.may_spawn_at(depth) for depth in range(4)] == [True, True, False, False]
    assert not Policy(max_depth=2).may_spawn_at(0)
