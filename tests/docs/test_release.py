"""scripts/release makes a release up to its upload, and refuses what must not be released."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from parallel_agents._version import __version__

ROOT = Path(__file__).parents[2]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with this one's files as they are, and a key to sign with."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    folder = tmp_path / "checkout"
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        pytest.skip("this is not a checkout of git")
    for name in listed.stdout.splitlines():
        if name.startswith("tests/") or not (ROOT / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    assert run(folder, "git", "init", "-q").returncode == 0
    commit(folder)
    made = run(tmp_path, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key")
    assert made.returncode == 0, made.stderr
    return folder


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    done = run(folder, "git", *who, "commit", "-q", "-m", "A commit")
    assert done.returncode == 0, done.stderr


def test_what_must_not_be_released_is_refused_before_anything_is_built(checkout: Path) -> None:
    key = ("--key", "../key")
    without_key = run(checkout, "scripts/release")
    unheaded = run(checkout, "scripts/release", *key, "--publish")
    run(checkout, "git", "tag", f"v{__version__}")
    tagged = run(checkout, "scripts/release", *key)
    (checkout / "new").write_text("new")
    changed = run(checkout, "scripts/release", *key)

    assert without_key.returncode == 2
    assert "CHANGELOG.md has no heading for" in unheaded.stderr
    assert f"The tag v{__version__} exists" in tagged.stderr
    assert "There are changes that are not committed" in changed.stderr


def test_a_release_is_built_checked_tried_and_signed(
    checkout: Path, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("it installs the package twice: --long")

    released = run(checkout, "scripts/release", "--key", "../key", "--out", "made")

    assert released.returncode == 0, released.stderr
    names = {file.name for file in (checkout / "made").iterdir()}
    assert names == {
        "SHA256SUMS",
        "SHA256SUMS.sig",
        f"pagents-{__version__}-py3-none-any.whl",
        f"pagents-{__version__}.tar.gz",
    }
    assert "PASSED" in released.stdout
