from __future__ import annotations

import pytest

from parallel_agents.surfaces.cli.list_shown import print_cards, print_list
from parallel_agents.surfaces.cli.output_option import Form

TITLES, ROWS = ("ID", "COST", "WHAT"), [("a", "$1", "one | two"), ("b", "$2", "x\ny")]


def test_ids_are_the_first_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_list(Form.ID, TITLES, ROWS)

    assert capsys.readouterr().out == "a\nb\n"


def test_markdown_is_a_table_that_no_cell_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    print_list(Form.MD, TITLES, ROWS, right=("COST",))

    assert capsys.readouterr().out.splitlines() == [
        "| ID | COST | WHAT |",
        "| --- | ---: | --- |",
        "| a | $1 | one \\| two |",
        "| b | $2 | x y |",
    ]


@pytest.mark.parametrize("form", [None, Form.TEXT, Form.TABLE])
def test_any_other_form_is_the_table(form: Form | None, capsys: pytest.CaptureFixture[str]) -> None:
    print_list(form, TITLES, ROWS)
    print_cards(form, TITLES, ROWS)

    assert capsys.readouterr().out.count("ID  COST  WHAT\n") == 2
