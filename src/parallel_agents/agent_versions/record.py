"""Record: what is kept beside the files of a version or of a draft: where it is from, and what it passed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from parallel_agents.errors import InvalidInput

_NUMBER = re.compile(r"v?([1-9][0-9]{0,5})")


class Origin(StrEnum):
    """Where a version is from."""

    CREATED = "created"
    REFINED = "refined"
    REGISTERED = "registered"
    EDITED = "edited by hand"
    REVERTED = "reverted"


class Files(NamedTuple):
    """The text of an agent's file, and that of its cases; empty for none."""

    agent: str
    cases: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of both."""
        return hashlib.sha256(f"{self.agent}\0{self.cases}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an agent has shown.

    Attributes:
        model: the model that its cases were run on; empty if they were not.
        passed: how many of its cases passed; None if they were not run.
        cases: how many cases it has.
        score: the reviewer's, 0 to 10; None if there is none.
        target: the score that was asked for; None if none was.
        judge_model: the model that reviewed it; empty for none.
        weakness: why that model judges badly, if it was allowed nevertheless.
        run: the session of the flow that registered it; empty for none.
    """

    model: str = ""
    passed: int | None = None
    cases: int = 0
    score: float | None = None
    target: float | None = None
    judge_model: str = ""
    weakness: str = ""
    run: str = ""


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A version of an agent.

    Attributes:
        version: its number, from 1.
        at: seconds since the epoch.
        origin: where it is from.
        before: the version that it was made from; None for none.
        digest: the SHA-256 of its files.
        proof: what it has shown.
        note: what a reader should know, such as that it was registered without its cases.
    """

    version: int
    at: float
    origin: Origin
    before: int | None
    digest: str
    proof: Proof = field(default_factory=Proof)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRecord:
    """An agent that is not registered.

    Attributes:
        at: seconds since the epoch.
        purpose: what it is for.
        reasons: why it is not registered.
        proof: what it has shown.
    """

    at: float
    purpose: str = ""
    reasons: tuple[str, ...] = ()
    proof: Proof = field(default_factory=Proof)


def version_number(written: str) -> int:
    """The number of a version that is written `v3` or `3`.

    Raises:
        InvalidInput: it is no such number.
    """
    found = _NUMBER.fullmatch(written)
    if found is None:
        raise InvalidInput(
            f"{written[:40]!r} is not the number of a version",
            hint="write it like v3; `pagents agents history NAME` lists the versions",
        )
    return int(found.group(1))


def split_version(written: str) -> tuple[str, int | None]:
    """The name and the number in `NAME@v3`; without a number, None.

    Raises:
        InvalidInput: what follows the `@` is not a version.
    """
    name, at, version = written.partition("@")
    return name, version_number(version) if at else None
