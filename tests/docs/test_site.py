"""The documentation is a site without a broken link, and every page is in its navigation."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.docs import site

DOCS = site.ROOT / "docs"


def test_every_page_is_in_the_navigation() -> None:
    text = json.dumps(site.navigation())

    pages = {f'"docs/{page.relative_to(DOCS)}"' for page in DOCS.rglob("*.md")}
    assert {page for page in pages if page not in text} == {'"docs/index.md"'}


@pytest.mark.slow
def test_the_site_is_built_without_a_broken_link_and_can_be_searched(tmp_path: Path) -> None:
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed: pip install 'pagents[docs]'")

    site.build(tmp_path / "site")

    assert (tmp_path / "site" / "docs" / "where-it-runs.html").is_file()
    assert "worker-health.json" in (tmp_path / "site" / "search.json").read_text("utf-8")
