"""Texts: the forms of texts in files and settings; whether what they name exists is found later."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def check_text(text: str) -> str:
    """Refuse a text with nothing in it.

    Raises:
        ValueError: it is empty, or blank.
    """
    if not text.strip():
        raise ValueError("it must not be empty")
    return text


def _check_model(name: str) -> str:
    provider, slash, model = name.partition("/")
    if name.split() != [name] or not provider or (slash and not model):
        raise ValueError("it must be a model's name, such as provider/model, ladder/NAME or local")
    return name


NonEmpty = Annotated[str, AfterValidator(check_text)]
ModelName = Annotated[str, AfterValidator(_check_model)]
