"""Takes the pictures of the page for its documentation: `python -m tests.web.pictures [DIR]`."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.web.pictures.taking import take_all

FOLDER = Path(__file__).parents[3] / "docs" / "images"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    (folder / "dashboard").mkdir(parents=True, exist_ok=True)
    person = Path(tempfile.gettempdir()) / "ana"  # pictures show it
    person.mkdir()
    try:
        sizes = asyncio.run(take_all(person, folder))
    finally:
        shutil.rmtree(person)
    lines = [f"{size / 1000:6.1f} kB  {name}" for name, size in sizes.items()]
    sys.stdout.write("\n".join([*lines, f"{sum(sizes.values()) / 1000:6.1f} kB  {folder}\n"]))


if __name__ == "__main__":
    main()
