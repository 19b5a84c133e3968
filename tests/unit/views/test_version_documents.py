"""Version documents: the newest comes first, and each says what it changed."""

from __future__ import annotations

from parallel_agents.agent_versions.record import Files, Origin, Proof, Record
from parallel_agents.views.version_documents import Version, versions_json


def version(number: int, text: str, cases: str = "") -> Version:
    files = Files(text, cases)
    proof = Proof(passed=number, cases=3, score=7.5)
    record = Record(
        version=number, at=0.0, origin=Origin.REFINED, before=None, digest=files.digest, proof=proof
    )
    return Version(record, files)


def test_each_version_has_the_patch_to_the_one_before_and_the_first_has_none() -> None:
    versions = [
        version(1, "a\nb\n", "x\n"),
        version(2, "a\nc\n", "x\n"),
        version(3, "a\nc\n", "y\n"),
    ]

    third, second, first = versions_json("greeter", versions, 2)

    assert [each["version"] for each in (third, second, first)] == [3, 2, 1]
    assert [each["in_effect"] for each in (third, second, first)] == [False, True, False]
    assert first["patch"] == ""
    assert second["patch"].splitlines() == [
        "diff --git a/greeter.md b/greeter.md",
        "--- a/greeter.md",
        "+++ b/greeter.md",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
    assert third["patch"].startswith("diff --git a/greeter.yaml b/greeter.yaml\n")
    assert (second["score"], second["passed"], second["cases"]) == (7.5, 2, 3)
