"""The tree of errors: every class has a code of its own and stands in the drawing."""

from __future__ import annotations

import re

from parallel_agents import errors
from parallel_agents.errors import PagentsError


def leaves(kind: type[PagentsError]) -> list[type[PagentsError]]:
    below = kind.__subclasses__()
    return [kind] if not below else [leaf for child in below for leaf in leaves(child)]


def all_errors(kind: type[PagentsError] = PagentsError) -> list[type[PagentsError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in all_errors(child))]


def test_no_two_errors_that_are_raised_share_a_code() -> None:
    codes = [kind.code for kind in leaves(PagentsError)]

    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"PA-E\d{3}", code) for code in codes)


def test_the_drawing_shows_the_whole_tree() -> None:
    drawn = dict(re.findall(r"[├└]─ (\w+)(?:\s+(PA-E\d{3}))?", errors.__doc__ or ""))

    assert set(drawn) == {kind.__name__ for kind in all_errors()} - {"PagentsError"}
    for kind in leaves(PagentsError):
        assert drawn[kind.__name__] == kind.code


def test_each_error_is_drawn_below_the_one_that_it_is_made_from() -> None:
    above = ["PagentsError"]
    for indent, name in re.findall(r"^([ │]*)[├└]─ (\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4 + 1
        del above[depth:]
        above.append(name)
        assert getattr(errors, name).__mro__[1].__name__ == above[depth - 1]
