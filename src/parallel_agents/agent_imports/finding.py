"""Finding: which files of other programs a path means, and what each of them is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from parallel_agents.agent_imports.claude import read_claude, read_skill
from parallel_agents.agent_imports.codex import FOLDER as PROMPTS, read_prompt
from parallel_agents.agent_imports.crewai import read_crew
from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.catalog.source import read_source
from parallel_agents.errors import InvalidFile, InvalidInput

SKILL = "SKILL.md"
_MOST_FILES = 200
_TAKEN = (
    "name a .md file of .claude/agents or of .codex/prompts, an agents.yaml of CrewAI, a SKILL.md,"
    " or a folder"
)


def files_at(path: Path) -> list[Path]:
    """The file, or the files of agents in a folder.

    Raises:
        InvalidInput: there is none, or there are too many.
    """
    if not path.exists():
        raise InvalidInput(f"there is no file or folder {path}", hint=_TAKEN)
    if path.is_dir():
        found = [file for file in _in_folder(path) if file.is_file()]
    else:
        found = [path] if path.is_file() else []
    if not found:
        raise InvalidInput(
            f"{path} has no agents that can be imported",
            hint=_TAKEN,
        )
    if len(found) > _MOST_FILES:
        raise InvalidInput(
            f"{path} has more than {_MOST_FILES} files",
            hint="import a folder below, or single files",
        )
    return found


def read_foreign(file: Path) -> list[ForeignAgent]:
    """The agents in a file; what it is shows in its name.

    Raises:
        InvalidFile: it cannot be read, is too large, or is not what its name says.
    """
    source = read_source(file)
    if file.name == SKILL:
        return [read_skill(source)]
    if file.suffix in {".yaml", ".yml"}:
        return read_crew(source)
    if file.suffix == ".md" and file.absolute().parent.name == PROMPTS:
        return [read_prompt(source)]
    if file.suffix == ".md":
        return [read_claude(source)]
    raise InvalidFile(f"{file}: not a file of agents", hint="it takes .md, .yaml and SKILL.md")


def _in_folder(folder: Path) -> Iterator[Path]:
    if (folder / SKILL).is_file():
        yield folder / SKILL
        return
    patterns = ("*.md", f"{PROMPTS}/*.md", f"*/{SKILL}", "agents.yaml", "config/agents.yaml")
    files = (file for pattern in patterns for file in folder.glob(pattern))
    readmes = {"readme.md", "agents.md", "claude.md"}
    chosen = (file for file in files if file.name.lower() not in readmes)
    yield from sorted(islice(chosen, _MOST_FILES + 1))
