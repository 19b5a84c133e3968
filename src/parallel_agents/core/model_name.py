"""Model names: the form in which files and settings name a model; whether it exists is found later."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _check(name: str) -> str:
    provider, slash, model = name.partition("/")
    if name.split() != [name] or not provider or (slash and not model):
        raise ValueError("it must be a model's name, such as provider/model, ladder/NAME or local")
    return name


ModelName = Annotated[str, AfterValidator(_check)]
