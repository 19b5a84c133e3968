"""README.md: its block for the terminal works when it is typed from top to bottom in the checkout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

ROOT = Path(__file__).parents[2]


def test_the_terminal_s_block_can_be_typed_from_top_to_bottom(offline: Offline) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(
        r"^## From a terminal\n.*?^```sh\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE
    )
    shutil.copytree(ROOT / "examples", offline.project / "examples")
    lines = block.splitlines()

    assert lines
    for line in lines:
        for command in line.split("; "):
            ended = offline.run(["bash", "-c", command])

            assert ended.returncode == 0, f"{command}\n{ended.stdout}"
