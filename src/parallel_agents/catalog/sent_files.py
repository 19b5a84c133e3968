"""Sent files: a team in texts that a client sends, read like files; nothing in it may be code or a command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from os.path import normpath
from pathlib import Path, PurePosixPath

from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.plan_file import FindAgent, PlanFile
from parallel_agents.catalog.source import Source, read_source
from parallel_agents.catalog.team import Team
from parallel_agents.catalog.team_file import parse_plan, parse_team
from parallel_agents.core.gate import CommandGate, FunctionGate, Gate
from parallel_agents.core.plan import Plan, all_steps
from parallel_agents.errors import InvalidFile, NotAtDistance
from parallel_agents.links import real_path

MOST_FILES = 50
_MOST_NESTED = 8
_MOST_READS = 200


def sent_team(files: Mapping[str, str], name: str, find_agent: FindAgent) -> Team:
    """The team in the file of that name.

    Args:
        files: the texts by the names of their files, relative to the folder of the first.
        name: that of the first.
        find_agent: returns the agents that they name.

    Raises:
        InvalidFile: a text is not valid, or was not sent; the error names the line.
        NotAtDistance: a task has a gate that is a command or a function.
    """
    sent, first = _Sent(files, find_agent), Path(name)
    read = partial(sent.plan, within=(first,))
    team = parse_team(sent.source(first), find_agent, read)
    _check_gates(name, _gates_of(team))
    return team


def sent_plan(files: Mapping[str, str], name: str, find_agent: FindAgent) -> Plan:
    """The plan in the file of that name, also in one whose tasks do not need each other.

    Raises:
        InvalidFile, NotAtDistance: as for `sent_team`.
    """
    plan = _Sent(files, find_agent).plan(Path(name), within=())
    _check_gates(name, ((step.id, gate) for step in all_steps(plan) for gate in step.gates))
    return plan


class _Sent:
    """Texts that name each other, read within bounds: each may name the next many times."""

    def __init__(self, files: Mapping[str, str], find_agent: FindAgent) -> None:
        self._files = files
        self._find_agent = find_agent
        self._reads = 0

    def source(self, file: Path) -> Source:
        text = self._files.get(file.as_posix())
        if text is None:
            raise InvalidFile(
                f"{file}: it was not sent", hint="send every file that the first one names"
            )
        self._reads += 1
        if self._reads > _MOST_READS:
            raise InvalidFile(
                f"{file}: the files name each other more than {_MOST_READS} times",
                hint="name each of them in fewer tasks",
            )
        return Source(file, text)

    def plan(self, file: Path, *, within: tuple[Path, ...]) -> Plan:
        """The plan in a file that the last of these names, which the one before it names, and so on."""
        if file in within:
            names = [each.name for each in (*within, file)]
            raise InvalidFile(
                f"{file}: it contains itself: {' → '.join(names)}",
                hint="take `flow:` out of one of them; to repeat tasks, use `loop`",
            )
        if len(within) > _MOST_NESTED:
            raise InvalidFile(
                f"{file}: more than {_MOST_NESTED} files within each other",
                hint="put the tasks of one of them into the file that names it",
            )
        document = parse_document(self.source(file))
        read = partial(self.plan, within=(*within, file))
        return parse_plan(PlanFile(document, self._find_agent, read))


def _check_gates(name: str, gates: Iterable[tuple[str, Gate]]) -> None:
    """Refuse gates that run code or a command.

    Raises:
        NotAtDistance: one does.
    """
    for label, gate in gates:
        if isinstance(gate, CommandGate | FunctionGate):
            kind = "command" if isinstance(gate, CommandGate) else "function"
            raise NotAtDistance(
                f"the task {label} of {name} has a gate that is a {kind}",
                why="a gateway takes no code and no commands from other machines",
                hint="take the gate out, or run the file on the machine on which the gateway runs",
            )


def files_of(file: Path) -> dict[str, str]:
    """The texts of a team file and of those that it names, by their names as they are sent.

    Raises:
        InvalidFile: one cannot be read, is not YAML, or lies outside the folder of the first.
    """
    found: dict[str, str] = {}
    left = [file.name]
    for name in left:  # it grows while it is walked
        if name in found:
            continue
        _check_within(file, file.parent / name)
        source = read_source(file.parent / name)
        found[name] = source.text
        for written in _flows_in(source):
            named = normpath(PurePosixPath(name).parent / written)
            _check_within(file, file.parent / named)
            left.append(named)
        if len(found) > MOST_FILES:
            raise InvalidFile(
                f"{file}: it names more than {MOST_FILES} files",
                hint="put the tasks of some of them into the files that name them",
            )
    return found


def _check_within(first: Path, file: Path) -> None:
    """Refuse to send a file that is not below the folder of the first, even by a link.

    Raises:
        InvalidFile: it is not.
    """
    top = real_path(first.parent)
    if file != first.parent / first.name and not real_path(file).is_relative_to(top):
        raise InvalidFile(
            f"{file}: it lies outside the folder of {first.name}",
            hint=f"put it into {top} or a folder below",
        )


def _flows_in(source: Source) -> Iterator[str]:
    """The files that the tasks of a file name."""
    tasks = parse_document(source).content.get("tasks")
    for task in tasks if isinstance(tasks, list | tuple) else ():
        flow = task.get("flow") if isinstance(task, Mapping) else None
        if isinstance(flow, str):
            yield flow


def _gates_of(team: Team) -> Iterator[tuple[str, Gate]]:
    """The gates of all tasks, each with the label of its task."""
    steps = () if team.plan is None else all_steps(team.plan)
    tasks = ((task.label, task.gates) for task in team.tasks)
    for label, gates in chain(tasks, ((step.id, step.gates) for step in steps)):
        for gate in gates:
            yield label, gate
