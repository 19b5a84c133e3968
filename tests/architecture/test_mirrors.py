"""A unit test file mirrors the module that it tests; the list of exceptions only shrinks."""

from __future__ import annotations

from pathlib import Path

UNIT = Path(__file__).parents[1] / "unit"
SOURCE = UNIT.parents[1] / "src" / "parallel_agents"

MIRROR_NO_MODULE: set[str] = set()


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
