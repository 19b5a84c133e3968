"""The CPU time of checking a plan of 50 steps, alone and with the reading of its file."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.plan_checks import check_plan

_STEPS = 50
_AGENT = "content_writer_funny"
_HEAD = "name: big\ndescription: A plan.\ninput: {type: object, properties: {topic: {type: string}}, required: [topic]}\n"


def _file(folder: Path) -> Path:
    """A file whose tasks each need two others, with a condition and three placeholders."""
    tasks = [f"  - {{agent: {_AGENT}, label: s0, text: 'On ${{topic}}'}}\n"]
    for n in range(1, _STEPS):
        before, third = f"tasks.s{n - 1}.output", f"tasks.s{n // 3}.output"
        tasks.append(
            f"  - {{agent: {_AGENT}, label: s{n}, needs: [s{n - 1}, s{n // 3}], "
            f"when: 'len({before}.content) > {n}', "
            f"text: 'On ${{topic}}, ${{{before}.content}} and ${{{third}.hashtags}}'}}\n"
        )
    file = folder / "big.yaml"
    file.write_text(f"{_HEAD}tasks:\n{''.join(tasks)}", "utf-8")
    return file


def check_seconds(rounds: int) -> tuple[float, float]:
    """The median CPU seconds of checking a plan, and of reading its file and checking it."""
    catalog = Catalog()
    checks: list[float] = []
    reads: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = _file(Path(folder))
        for _ in range(rounds + 1):  # the first reads the agent's file, too
            began = time.process_time()
            plan = catalog.team(file).plan
            read = time.process_time()
            assert plan is not None
            assert check_plan(plan, catalog.agent) == []
            reads.append(read - began)
            checks.append(time.process_time() - read)
    return statistics.median(checks[1:]), statistics.median(reads[1:])
