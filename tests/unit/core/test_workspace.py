"""Workspaces as values: what can be asked for."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from parallel_agents.core.workspace import Place, Workspace
from parallel_agents.errors import InvalidInput


def test_a_folder_may_be_a_path() -> None:
    assert Workspace.own(PurePosixPath("a/b")) == Workspace.own("a/b")


def test_a_copy_without_a_folder_is_one_of_the_parents() -> None:
    assert Workspace.own() == Workspace(place=Place.OWN, folder="")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Workspace(place=Place.AT),
        lambda: Workspace(place=Place.PARENT, folder="x"),
        lambda: Workspace.own("a\0b"),
        lambda: Workspace(place="elsewhere"),  # pyright: ignore[reportArgumentType]
    ],
    ids=["at no folder", "the parent's, with a folder", "a NUL", "no such place"],
)
def test_what_makes_no_sense_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(InvalidInput):
        make()
