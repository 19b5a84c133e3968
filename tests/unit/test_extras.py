"""The line that installs an extra works as the package was installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.extras import install_line, installer


@pytest.mark.parametrize(
    ("has_pip", "found", "expected"),
    [
        (True, "mine/pip", "pip install"),
        (True, "other/pip", "{python} -m pip install"),
        (True, "other/uv", "{python} -m pip install"),
        (False, "other/uv", "uv pip install --python {python}"),
        (False, "other/pip", "{python} -m ensurepip && {python} -m pip install"),
    ],
)
def test_it_installs_into_the_environment_of_the_package(
    tmp_path: Path, has_pip: bool, found: str, expected: str
) -> None:
    program = tmp_path / found
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    python = str(tmp_path / "mine" / "python")

    made = installer(python, has_pip=has_pip, search=str(program.parent))

    assert made == expected.format(python=python)


def test_it_names_what_is_installed() -> None:
    assert install_line("pagents[web]").endswith("install 'pagents[web]'")
