"""The text under a field is its description, inherited or not."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.surfaces.gateway.field_texts import field_texts


@dataclass
class Basis:
    """A text of the class itself."""

    kept: int = 0
    """From the class above."""
    changed: int = 0
    """Told otherwise below."""


@dataclass
class Derived(Basis):
    changed: int = 1
    """Told anew."""
    silent: int = 0
    long: int = 0
    """Two lines,
    without their indent.
    """

    def method(self) -> None:
        """No field."""


def test_the_text_under_each_field_is_found() -> None:
    assert field_texts(Derived) == {
        "kept": "From the class above.",
        "changed": "Told anew.",
        "long": "Two lines,\nwithout their indent.",
    }


def test_a_class_without_source_has_no_texts() -> None:
    assert field_texts(type("Made", (), {})) == {}
