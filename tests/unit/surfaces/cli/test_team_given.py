"""A team is meant by its name or by its file, and a mistake about that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidFile, InvalidInput
from parallel_agents.surfaces.cli.team_given import team_or_file


def test_the_name_of_a_team_in_the_place_of_its_file_is_refused_with_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidFile, match=r"no team file 'content'") as refused:
        team_or_file(Path("content"), None)

    assert "`pagents run --team content`" in refused.value.hint
    Path("content").touch()
    assert team_or_file(Path("content"), None) == Path("content")
    assert team_or_file(Path("absent.yaml"), None) == Path("absent.yaml")


@pytest.mark.parametrize("given", [(None, None), (Path("team.yaml"), "content")])
def test_exactly_one_of_both_is_given(given: tuple[Path | None, str | None]) -> None:
    with pytest.raises(InvalidInput, match=r"no team is named|cannot be used together"):
        team_or_file(*given)
