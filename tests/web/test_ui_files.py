"""UI files: what is vendored is what its makers published, our own is typed, and nothing reads HTML."""

from __future__ import annotations

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]
UI = ROOT / "src" / "parallel_agents" / "surfaces" / "gateway" / "ui"
VENDOR = UI / "vendor"
OWN = sorted(UI.glob("*.js"))
_DANGEROUS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|https?://(?!www\.w3\.org|\[)"
)


def test_each_vendored_file_has_the_checksum_of_its_list_and_a_licence() -> None:
    listed = orjson.loads((VENDOR / "vendored.json").read_bytes())["files"]
    found = {each.name: sha256(each.read_bytes()).hexdigest() for each in VENDOR.glob("*.js")}

    assert {name: each["sha256"] for name, each in listed.items()} == found
    assert all((VENDOR / each["licence_file"]).is_file() for each in listed.values())


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_our_own_modules_are_checked_small_and_read_no_html(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    code = re.sub(r"\(https\?:|/https\?/", "", text)

    assert text.startswith(("// @ts-check\n/** ", "// Runs before"))
    assert len(text.splitlines()) <= 400
    assert _DANGEROUS.search(code) is None


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (UI / "index.html").read_text(encoding="utf-8")

    assert re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page) is None


@pytest.mark.web
def test_the_pure_functions_do_what_their_tests_say() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    files = sorted((ROOT / "tests" / "web").glob("*.test.mjs"))
    done = subprocess.run(
        [node, "--test", *map(str, files)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout
