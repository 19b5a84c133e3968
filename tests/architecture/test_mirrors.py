"""A unit test file mirrors the module that it tests; the list of exceptions only shrinks."""

from __future__ import annotations

from pathlib import Path

UNIT = Path(__file__).parents[1] / "unit"
SOURCE = UNIT.parents[1] / "src" / "parallel_agents"

MIRROR_NO_MODULE: set[str] = {
    "catalog/test_agents_page.py",
    "catalog/test_built_in.py",
    "core/test_values.py",
    "engines/test_stopping.py",
    "runners/agent/test_budget.py",
    "runners/agent/test_limits.py",
    "runners/agent/test_prices.py",
    "runners/agent/test_resume.py",
    "runners/test_on_failure.py",
    "session_tools/test_contract_sessions.py",
    "session_tools/test_contract_spawn.py",
    "session_tools/test_contract_subagents.py",
    "session_tools/test_earlier_runs.py",
    "surfaces/test_calling.py",
    "surfaces/test_config.py",
    "surfaces/test_docs.py",
    "surfaces/test_exits.py",
    "surfaces/test_format.py",
    "surfaces/test_inputs.py",
    "surfaces/test_keeping.py",
    "surfaces/test_main.py",
    "surfaces/test_progress.py",
    "surfaces/test_render.py",
    "testing/test_simulation.py",
}


def mirrored(test: Path) -> Path:
    """The module that a test file is about, without its suffix, or the package."""
    return SOURCE / test.relative_to(UNIT).parent / test.stem.removeprefix("test_")


def test_each_unit_test_file_mirrors_a_module() -> None:
    astray = {
        str(test.relative_to(UNIT))
        for test in UNIT.rglob("test_*.py")
        if not mirrored(test).with_suffix(".py").exists() and not mirrored(test).is_dir()
    }

    assert astray == MIRROR_NO_MODULE
