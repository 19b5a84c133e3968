"""What is made from the code is current: the reference, and the numbers that other pages name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.run import RunStatus
from parallel_agents.models.provider_tables import read_providers
from tests.docs import reference

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "docs" / "recipes.md").read_text("utf-8").split("\n## ")[1:]
WORDS = {"four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}


def test_the_reference_is_the_one_that_the_code_makes() -> None:
    assert reference.PAGE.read_text("utf-8") == reference.text(), (
        "run: python -m tests.docs.reference"
    )


def test_the_numbers_in_the_readme_are_those_of_the_code() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (agents, teams), (providers,) = (
        re.findall(r"\*\*(\d+) agents and (\w+) teams\*\*", text)[0],
        re.findall(r"\*\*(\d+) providers\*\*", text),
    )

    assert int(agents) == len(Catalog().agents())
    assert WORDS[teams] == len(Catalog().teams())
    assert int(providers) == len(read_providers())


@pytest.mark.parametrize("page", ["how-it-works.md", "python.md"])
def test_a_list_of_how_a_run_ends_leaves_none_out(page: str) -> None:
    ends = {status.value for status in RunStatus if status.is_over} - {"partial", "unreadable"}
    lists = [
        line
        for line in (ROOT / "docs" / page).read_text("utf-8").splitlines()
        if "failed" in line and "timed_out" in line and "done" in line
    ]

    assert lists
    for line in lists:
        assert {end for end in ends if end not in line} == set(), line


def test_there_are_25_recipes_and_each_of_them_is_run() -> None:
    assert len(RECIPES) >= 25
    for recipe in RECIPES:
        assert re.search(r"^```(console|python)$", recipe, re.MULTILINE), recipe


def test_the_recipes_are_in_the_words_of_who_asks() -> None:
    assert [recipe for recipe in RECIPES if not recipe.startswith("… ")] == []
