"""Doc files: where the documentation lies that is installed with the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def docs_folder() -> Path:
    """The folder of the pages: a wheel carries it inside, a checkout has it beside its sources."""
    inside = _PACKAGE / "docs"
    return inside if inside.is_dir() else _PACKAGE.parents[1] / "docs"
