"""Embedded: what whoever spawns an agent is told of the embedded model before it begins."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.core.agent import Agent
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.known import known_models
from parallel_agents.settings import Settings

_BY_DEFAULT = (
    "No model was chosen and no key is set, so the embedded model answers: "
    "it is small, knows few facts and judges badly."
)


class EmbeddedNotes:
    """Says that a run is on the embedded model, where nobody has chosen that or it is not here yet.

    Args:
        folder: where its files are kept.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def of(self, agent: Agent, asked: str | None, model: str) -> str:
        """What to tell of a run of this agent on `model`; `asked` is the model that its task names."""
        if model.partition("/")[0] != LOCAL:
            return ""
        settings = self._settings
        is_chosen = any((asked, agent.model, settings.model, settings.tiers))
        return " ".join(filter(None, ("" if is_chosen else _BY_DEFAULT, self._fetches(model))))

    def _fetches(self, name: str) -> str:
        known = next((each for each in known_models() if each.model_name == name), None)
        if known is None or self._settings.local_model_file is not None:
            return ""
        if (self._folder / known.file).exists():
            return ""
        gigabytes = known.size_bytes / 1e9
        return f"Its file, {gigabytes:.1f} GB, is fetched first; `pagents models pull` shows how far it is."
