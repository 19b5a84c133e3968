"""Every case of tests/wires/cases, as a plain call and as a stream; README.md says how to add one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.wires.case import Case, Form, read_cases
from tests.wires.drive import KEY, KEY_VARIABLE, PROXY_VARIABLES, Mismatch, play


def _runs() -> Iterator[ParameterSet]:
    for name, case in read_cases():
        for form in Form:
            if case.runs_in(form):
                why = case.why_it_fails(form)
                fails = pytest.mark.xfail(bool(why), reason=why, raises=Mismatch, strict=True)
                yield pytest.param(case, form, id=f"{name}-{form}", marks=fails)


@pytest.mark.parametrize(("case", "form"), [*_runs()])
async def test_a_provider_that_behaves_so_is_met_so(
    case: Case, form: Form, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in PROXY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    await play(case, form, tmp_path)
