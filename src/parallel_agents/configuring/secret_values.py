"""Secret values: what must not be written into a configuration, since a reference stands for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from parallel_agents.core.json_value import Json
from parallel_agents.core.key_forms import has_a_key
from parallel_agents.core.reference import FORMS, scheme_of
from parallel_agents.errors import SecretInSetting
from parallel_agents.secrets.addresses import secrets_in_headers, secrets_in_url
from parallel_agents.secrets.forms import why_ordinary

_LEAST = 8
_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")


def check_no_secret(steps: Sequence[str], value: Json, variables: Mapping[str, str]) -> None:
    """Refuse a secret; the error does not show it.

    Args:
        steps: where it would be written.
        value: what would be written.
        variables: those of this process, whose secrets are known by their names.

    Raises:
        SecretInSetting: the value is a secret, or contains one.
    """
    for path, text in _texts(tuple(steps), value):
        if why := _fault(path, text, variables):
            raise SecretInSetting(
                f"{'.'.join(path)} would hold a secret itself",
                why=f"{why}; the file is read by every program of yours",
                hint=f"keep it elsewhere, and set a reference: {FORMS}",
            )


def _texts(steps: tuple[str, ...], value: Json) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _texts((*steps, name), below)
    elif isinstance(value, Sequence):
        for below in value:
            yield from _texts(steps, below)


def _fault(steps: tuple[str, ...], text: str, variables: Mapping[str, str]) -> str:
    if has_a_key(text):
        return "it looks like a key"
    if scheme_of(text) is not None or not text:
        return ""
    if steps[-1] == "key":
        return "a key is written as a reference"
    if len(steps) > 1 and steps[-2] == "headers" and secrets_in_headers({steps[-1]: text}):
        return "the value of this header may be secret"
    if _is_secret_url(text):
        return "the URL has a password, or a query that may be secret"
    named = (name for name, held in variables.items() if held in text and _is_secret(name, held))
    found = next(named, "")
    return f"it is the value of the variable {found}" if found else ""


def _is_secret(name: str, held: str) -> bool:
    """Whether a variable of that name and value has a secret."""
    is_named = any(word in name.upper() for word in _SECRET_NAMES)
    return len(held) >= _LEAST and is_named and not why_ordinary(held)


def _is_secret_url(text: str) -> bool:
    if "://" not in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.password is not None or bool(secrets_in_url(text))
    except ValueError:  # the setting refuses it
        return False
