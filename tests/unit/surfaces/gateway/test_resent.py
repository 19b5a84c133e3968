"""A request that a client sends again finds what it began; the same one asked anew does not."""

from __future__ import annotations

from parallel_agents.surfaces.gateway.resent import ResentRequests


def test_only_a_retry_of_the_same_request_has_its_key() -> None:
    resent = ResentRequests()
    first = resent.key_of("tea", 0.0, is_again=False)

    assert resent.key_of("tea", 1.0, is_again=True) == first
    assert resent.key_of("rain", 1.0, is_again=True) != first
    assert (second := resent.key_of("tea", 2.0, is_again=False)) != first
    assert resent.key_of("tea", 3.0, is_again=True) == second
    assert resent.key_of("tea", 10_000.0, is_again=True) != second


def test_only_the_latest_requests_are_known() -> None:
    resent = ResentRequests()
    first = resent.key_of("0", 0.0, is_again=False)
    for number in range(1, 1_100):
        resent.key_of(str(number), 0.0, is_again=False)

    assert resent.key_of("0", 0.0, is_again=True) != first
