"""Files are found by paths and by their lines, without what is ignored, denied or outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.tool import ToolContext, ToolError
from parallel_agents.tools.files.searching import MOST_FOUND, MOST_LINES, glob, grep
from parallel_agents.tools.function import FunctionTool


async def call(
    tool: FunctionTool,
    root: Path,
    denied: str = "",
    **arguments: str | bool,
) -> list[str]:
    context = ToolContext(
        SessionKey("s"),
        RunId("r"),
        cwd=str(root),
        denies=lambda _, path: bool(path) and path == denied,
    )
    return (await tool.call(arguments, context)).split("\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside.py").write_text("needle")
    root = tmp_path / "work"
    for name, text in {
        "a.py": "x = 1\nneedle = 2\n",
        "src/b.py": "Needle\r\nneedle\r\n",
        "src/deep/c.md": "no\nneedle here",
        "build/d.py": "needle",
        "src/e.log": "needle",
        "src/keep.log": "needle",
        ".git/config": "needle",
        ".gitignore": "build/\n*.log\n",
        "src/.gitignore": "!keep.log\n",
        ".env": "needle",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    (root / "binary").write_bytes(b"\0needle")
    (root / "link").symlink_to("../outside.py")
    (root / "up").symlink_to("..")
    return root


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("*.py", ".", ["a.py", "src/b.py"]),
        ("src/*", ".", ["src/.gitignore", "src/b.py", "src/keep.log"]),
        ("**/*.md", "src", ["src/deep/c.md"]),
        ("*.log", ".", ["src/keep.log"]),
        ("*.log", "src", ["src/keep.log"]),
        ("build/**", ".", ["[no file matches build/**]"]),
        ("**/config", ".", ["[no file matches **/config]"]),
    ],
)
async def test_files_are_found_by_their_paths(
    root: Path, pattern: str, path: str, found: list[str]
) -> None:
    assert await call(glob, root, pattern=pattern, path=path) == found


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (
            {"pattern": "needle"},
            [
                ".env:1:needle",
                "a.py:2:needle = 2",
                "src/b.py:2:needle",
                "src/keep.log:1:needle",
                "src/deep/c.md:2:needle here",
            ],
        ),
        ({"pattern": "^needle$", "files": "*.py"}, ["src/b.py:2:needle"]),
        (
            {"pattern": "NEEDLE", "ignore_case": True, "path": "src/b.py"},
            ["src/b.py:1:Needle", "src/b.py:2:needle"],
        ),
        ({"pattern": "nothing"}, ["[no line matches nothing]"]),
    ],
)
async def test_lines_are_found_in_text_files(
    root: Path, arguments: dict[str, str | bool], found: list[str]
) -> None:
    assert await call(grep, root, "", **arguments) == found


@pytest.mark.real_time
async def test_what_a_permission_denies_is_not_searched(root: Path) -> None:
    found = await call(grep, root, ".env", pattern="needle")

    assert not any(line.startswith(".env") for line in found)


@pytest.mark.real_time
@pytest.mark.parametrize("path", ["..", "up", "link", "/etc"])
async def test_nothing_outside_is_searched(root: Path, path: str) -> None:
    with pytest.raises(ToolError, match="outside"):
        await call(grep, root, pattern="needle", path=path)


@pytest.mark.real_time
@pytest.mark.parametrize("pattern", ["(?<=a)b", r"(a)\1", "(", "[", "a{2,1}"])
async def test_a_pattern_that_could_take_for_ever_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(ToolError, match="linear time"):
        await call(grep, root, pattern=pattern)


@pytest.mark.real_time
async def test_a_pattern_that_goes_back_elsewhere_takes_no_time(root: Path) -> None:
    (root / "a").write_text("a" * 50_000 + "!")

    assert await call(grep, root, pattern="^(a+)+$") == ["[no line matches ^(a+)+$]"]


@pytest.mark.real_time
async def test_what_is_found_has_a_bound_that_is_told(tmp_path: Path) -> None:
    for number in range(MOST_FOUND + 5):
        (tmp_path / f"{number}.txt").write_text("needle")

    files = await call(glob, tmp_path, pattern="*.txt")
    lines = await call(grep, tmp_path, pattern="needle")

    assert files[-1] == f"[1,000 of {MOST_FOUND + 5:,} files; narrow the pattern]"
    assert lines[-1] == f"[200 of {MOST_FOUND + 5:,} lines; narrow the pattern, the path or files]"
    assert len(lines) == MOST_LINES + 1
