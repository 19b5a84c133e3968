"""The bundle: the modules of the dashboard are one script, and what it does not know is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agents.views.exports.bundle import BundleError, bundled, script, style


def module(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_the_pages_import_nothing_any_more_and_ask_no_other_host() -> None:
    whole = script()

    assert re.search(r"^\s*(import|export)\b", whole, re.MULTILINE) is None
    assert "WebSocket" not in whole
    assert "sourceMappingURL" not in whole
    assert "@typedef" not in whole


def test_nothing_that_only_a_gateway_does_is_in_a_file() -> None:
    whole = script()

    assert (
        re.search(
            r"const module_(answers|flow_steps|fork|compare_mark|changes|kill|retry|say) =", whole
        )
        is None
    )
    assert len(whole) + len(style()) < 212_000


def test_each_module_is_made_once_after_those_that_it_imports(tmp_path: Path) -> None:
    module(
        tmp_path,
        "a.js",
        "import { one as first } from './b.js';\nimport * as c from './c.js';\nfirst(c);\n",
    )
    module(tmp_path, "b.js", "import { two } from './c.js';\nexport function one() {}\n")
    module(tmp_path, "c.js", "/** Two. */\nexport const two = 2;\nexport { two as second };\n")

    whole = bundled(tmp_path, "a.js")

    assert re.findall(r"const (module_\w) =", whole) == ["module_c", "module_b", "module_a"]
    assert "const { one: first } = module_b;" in whole
    assert "return { second: two, two };" in whole
    assert "/** Two. */" in whole


def test_code_that_its_makers_have_commented_out_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    module(tmp_path, "a.js", "import b from './vendor/b.js';\nb();\n")
    module(
        tmp_path,
        "vendor/b.js",
        "/** A licence. */\n/*\nexport function old() {}\n*/\nfunction b() {}\nexport { b as default };\n",
    )

    whole = bundled(tmp_path, "a.js")

    assert "return { default: b };" in whole
    assert "A licence." in whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("export let x = 1;\n", "a line that is not known: export let x"),
        ("import './a.js';\n", "a line that is not known: import './a.js'"),
        ("import { x } from './a.js';\n", "a.js imports itself, by a.js"),
        ("const x = '</script>';\n", "ends a script in HTML"),
    ],
)
def test_what_cannot_be_bundled_is_refused(tmp_path: Path, text: str, why: str) -> None:
    module(tmp_path, "a.js", text)

    with pytest.raises(BundleError, match=re.escape(why)):
        bundled(tmp_path, "a.js")
