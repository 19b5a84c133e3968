"""Key forms: texts that look like the keys of well-known providers: whoever writes one meant a reference."""

from __future__ import annotations

import re

_KEY = re.compile(
    r"(?:sk|pk|rk|gsk|xai|ghp|gho|ghs|glpat|nvapi|github_pat|xox[abp])[-_][A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{30,}|AKIA[A-Z0-9]{16}|-----BEGIN "
)


def begins_as_a_key(text: str) -> bool:
    """Whether a text begins like a key."""
    return _KEY.match(text) is not None


def has_a_key(text: str) -> bool:
    """Whether a text has what looks like a key as one of its words."""
    return any(begins_as_a_key(word) for word in re.split(r"[^A-Za-z0-9_-]+(?=[A-Za-z-])", text))
