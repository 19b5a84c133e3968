"""Team given: which team a command line means, by its name or by the path of its file."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidFile, InvalidInput
from parallel_agents.surfaces.cli.other_words import text_meant

_MOST_SHOWN = 80


def team_or_file(team_file: Path | None, team: str | None) -> Path | str:
    """The file, or the name of the team.

    Raises:
        InvalidFile: the file is a bare word, such as the name of a team, and there is no such file.
        InvalidInput: neither is given, or both are.
    """
    if team_file is not None and team is None:
        _refuse_bare_word(team_file)
        return team_file
    if team is not None and team_file is None:
        return team
    raise InvalidInput(
        "--team and a team file cannot be used together" if team else "no team is named",
        hint="name exactly one team, as in `pagents run --team content` or `pagents run team.yaml`",
    )


def _refuse_bare_word(file: Path) -> None:
    if file.suffix or len(file.parts) != 1 or file.exists():
        return
    name = head(str(file), _MOST_SHOWN)
    files = (file.with_suffix(suffix) for suffix in (".yaml", ".yml"))
    if found := next((each for each in files if each.is_file()), None):
        raise InvalidFile(f"there is no team file {name!r}", hint=f"did you mean {found}?")
    if " " in name:
        raise InvalidFile(f"there is no team file {name!r}", hint=text_meant(name))
    raise InvalidFile(
        f"there is no team file {name!r}",
        why="what follows `run` is the path of a team file, such as team.yaml",
        hint=f"`pagents run --team {name}` runs a team that `pagents teams list` names, `pagents"
        f" resume {name}` continues a run, and `pagents spawn {name} TEXT --wait` asks an agent",
    )
