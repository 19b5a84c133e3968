"""The table of patterns is valid, and the first entry that fits an error decides its class."""

from __future__ import annotations

import re

import pytest

from parallel_agents.errors import (
    CertificateRefused,
    CircuitOpen,
    OutputCut,
    Overloaded,
    ProviderError,
    ProxyRefused,
    RateLimited,
    RequestRejected,
)
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.failures.kinds import Pattern, hint_of, kind_of, read_table, status_of

LIMITED = Rejection(status=429, names=frozenset({"slow"}), text="wait a minute\nslow")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (Pattern(error=RateLimited), True),
        (Pattern(error=RateLimited, statuses=frozenset({429})), True),
        (Pattern(error=RateLimited, statuses=frozenset({400})), False),
        (Pattern(error=RateLimited, names=frozenset({"slow"})), True),
        (Pattern(error=RateLimited, names=frozenset({"fast"})), False),
        (Pattern(error=RateLimited, words=(re.compile("a minute"),)), True),
        (Pattern(error=RateLimited, words=(re.compile("an hour"),)), False),
        (Pattern(error=RateLimited, names=frozenset({"x"}), words=(re.compile("wait"),)), True),
        (Pattern(error=RateLimited, unless=(re.compile("minute"),)), False),
    ],
)
def test_an_entry_fits_if_its_status_and_one_of_its_names_or_words_do(
    pattern: Pattern, fits: bool
) -> None:
    assert pattern.fits(LIMITED) is fits


@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimited), (418, RequestRejected), (599, Overloaded)]
)
def test_a_status_decides_if_no_entry_fits(status: int, error: type[ProviderError]) -> None:
    assert kind_of(Rejection(status=status)).error is error


@pytest.mark.parametrize("pattern", read_table().kinds)
def test_an_entry_is_in_lower_case_as_the_text_that_it_is_compared_with(pattern: Pattern) -> None:
    letters = [*pattern.names, *(re.sub(r"\\.", "", one.pattern) for one in pattern.words)]

    assert letters == [text.lower() for text in letters]


def test_every_class_that_the_wires_raise_has_a_hint() -> None:
    # They say themselves what to do.
    made_elsewhere = {CertificateRefused, CircuitOpen, OutputCut, ProxyRefused}

    hintless = {kind for kind in ProviderError.__subclasses__() if not hint_of(kind)}

    assert hintless == made_elsewhere


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ({"overloaded_error"}, 529),
        ({"error", "invalid_request_error"}, 400),
        ({"unheard_of"}, 500),
        (set[str](), 500),
    ],
)
def test_a_type_stands_for_a_status(names: set[str], status: int) -> None:
    assert status_of(frozenset(names)) == status
