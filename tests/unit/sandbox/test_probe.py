"""A machine without a sandbox is told why it has none, and what to do about it."""

from __future__ import annotations

import pytest

from parallel_agents.sandbox.probe import explain, read_version

# What bubblewrap writes where it does not work, as people report it.
REPORTS = [
    ("bwrap: setting up uid map: Permission denied", "apparmor"),
    ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "apparmor"),
    (
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.",
        "max_user_namespaces",
    ),
    ("bwrap: Creating new namespace failed: Operation not permitted", "--security-opt seccomp"),
    ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
    ("bwrap: Unknown option --clearenv", "update bubblewrap"),
    ("", "max_user_namespaces"),
]


@pytest.mark.parametrize(("output", "expected"), REPORTS)
def test_the_cause_is_named_with_its_cure(output: str, expected: str) -> None:
    error = explain(f"warning\n{output}\n" if output else "")

    assert error.why == (output or "it said nothing")
    assert expected in error.hint
    assert error.hint.endswith("or set sandbox to off, to run commands with your own rights")


@pytest.mark.parametrize(
    ("output", "version", "can_bound"),
    [
        ("bubblewrap 0.8.0\n", "0.8", True),
        ("bubblewrap 0.11.0\n", "0.11", True),
        ("bubblewrap 0.6.1\n", "0.6", False),
        ("nonsense", "?", False),
    ],
)
def test_the_version_says_whether_folders_in_memory_are_bounded(
    output: str, version: str, *, can_bound: bool
) -> None:
    assert read_version("/usr/bin/bwrap", output) == ("/usr/bin/bwrap", version, can_bound)
