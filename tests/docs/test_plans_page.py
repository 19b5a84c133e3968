"""docs/plans.md: its example is valid, its list of fields is complete, and the example files run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.plan_file import NEW_FIELDS, LoopFields

if TYPE_CHECKING:
    from tests.docs.conftest import Offline

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plans.md").read_text("utf-8")
LAUNCH = ROOT / "examples" / "launch"


def test_the_example_on_the_page_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r'^```yaml title="teams/digest.yaml"\n(.*?)^```$', PAGE, re.M | re.S)
    (tmp_path / "digest.yaml").write_text(text)

    team = Catalog().team(tmp_path / "digest.yaml")

    assert team.plan is not None
    assert [step.id for step in team.plan.last] == ["digest"]


def test_every_field_is_on_the_page() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert rows >= NEW_FIELDS | {"label"}
    assert all(f"`{name}`" in PAGE for name in LoopFields.model_fields)


def test_the_example_files_run_with_a_yes_from_a_file(offline: Offline) -> None:
    command = "pagents run launch.yaml --input topic=tea --budget 2.00 --answers answers.toml"

    ended = offline.run(command.split(), folder=LAUNCH)

    assert ended.returncode == 0, ended.stdout
    assert "✔ final  done" in ended.stdout
    assert "○ summary  skipped: its condition is false" in ended.stdout
