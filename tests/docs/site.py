"""The documentation as a site with search: `python -m tests.docs.site FOLDER` builds it.

The pages are laid out as in the repository, so that their links work in both. Any link that leads nowhere
ends the build.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
_AT_TOP = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md")
_LICENCES = ("LICENSE", "THIRD_PARTY_MODELS.md")
_LISTED = ("docs/decisions", "examples")  # folders that pages link to as a whole
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_ROW = re.compile(r"^\| \[([^\]]+)\]\(([^)]+)\)")
_FENCE = re.compile(r"^(```\w+) \w+$", re.MULTILINE)  # a second word is for our tests
_CONFIGURATION = """
[project]
site_name = "Parallel Agents"
site_description = "Run teams of AI agents in parallel, and get every result."
docs_dir = "pages"
site_dir = {site}
use_directory_urls = false
nav = {nav}

[project.theme]
features = ["navigation.indexes", "navigation.top", "search.highlight", "content.code.copy"]
"""


def build(site: Path) -> None:
    """Build the site into a folder, which is replaced.

    Raises:
        subprocess.CalledProcessError: a link leads nowhere; its output says which.
    """
    with tempfile.TemporaryDirectory() as made:
        pages = Path(made) / "pages"
        _lay_out(pages)
        configuration = Path(made) / "zensical.toml"
        built = Path(made) / "site"
        configuration.write_text(
            _CONFIGURATION.format(site=json.dumps(str(built)), nav=_inline(navigation())), "utf-8"
        )
        subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(configuration)],
            check=True,
            capture_output=True,
            text=True,
        )
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(built, site)


def navigation() -> list[dict[str, object]]:
    """The groups of the index with their pages, and what developers read."""
    nav: list[dict[str, object]] = [{"Parallel Agents": "README.md"}]
    for heading, rows in _groups((ROOT / "docs" / "index.md").read_text("utf-8")):
        nav.append({heading: [{title: f"docs/{page}"} for title, page in rows]})
    cards = sorted((ROOT / "docs" / "library").glob("*.md"))
    nav.append({"Agents": [{each.stem: f"docs/library/{each.name}"} for each in cards]})
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    own = [{_title(each): f"docs/decisions/{each.name}"} for each in decisions]
    developers: list[object] = [{_title(ROOT / name): name} for name in _AT_TOP[1:]]
    nav.append({"Developers": [*developers, {"Decisions": own}]})
    return nav


def _groups(index: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for part in index.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        rows = [found.groups() for line in text.splitlines() if (found := _ROW.match(line))]
        if rows:
            yield heading, [(str(title), str(page)) for title, page in rows]


def _lay_out(pages: Path) -> None:
    for folder in ("docs", "examples"):
        shutil.copytree(ROOT / folder, pages / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*_AT_TOP, *_LICENCES):
        shutil.copy(ROOT / name, pages / name)
    for folder in _LISTED:
        listed = sorted(each for each in (pages / folder).iterdir() if each.is_file())
        lines = [f"- [{_title(each)}]({each.name})" for each in listed]
        title = folder.rpartition("/")[2].capitalize()
        (pages / folder / "index.md").write_text("\n".join([f"# {title}\n", *lines]), "utf-8")
    for page in pages.rglob("*.md"):
        text = _FENCE.sub(r"\1", page.read_text("utf-8"))
        page.write_text(_LINK.sub(partial(_leads_to_a_page, page), text), "utf-8")


def _leads_to_a_page(page: Path, found: re.Match[str]) -> str:
    """A link to a folder as one to its list."""
    target = found[1].rstrip("/")
    is_listed = (page.parent / target / "index.md").is_file()
    return f"]({target}/index.md)" if is_listed else found[0]


def _title(file: Path) -> str:
    if file.suffix != ".md":
        return file.name
    return file.read_text("utf-8").partition("\n")[0].strip("# ")


def _inline(value: object) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + "}"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"  # pyright: ignore[reportUnknownArgumentType]
    return json.dumps(value)


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".cache" / "site"
    try:
        build(where.absolute())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.stdout}{error.stderr}")
    print(where / "README.html" if (where / "README.html").exists() else where / "index.html")  # noqa: T201
