"""Where links lead is found by the same rule in every Python."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agents.links import existing_path, real_path, through_links


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    return tmp_path / "a"


@pytest.mark.parametrize("follow", [existing_path, through_links])
def test_links_in_a_circle_are_an_error_of_the_system(
    circle: Path, follow: Callable[[Path], Path]
) -> None:
    with pytest.raises(OSError, match="symbolic links") as caught:
        follow(circle)

    assert caught.value.errno == errno.ELOOP


def test_a_path_through_a_circle_leads_as_far_as_it_can(circle: Path) -> None:
    assert not real_path(circle / "file").exists()


def test_a_link_may_lead_to_what_is_missing(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("missing")

    assert through_links(link) == tmp_path / "missing"
    with pytest.raises(FileNotFoundError):
        existing_path(link)


def test_what_is_no_link_stays_as_it_was_written() -> None:
    assert through_links(Path("here")) == Path("here")
