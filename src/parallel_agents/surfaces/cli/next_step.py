"""Next step: what a person types once a model is chosen; a download is never begun without a word."""

from __future__ import annotations

from parallel_agents.app.models import MODELS_FOLDER
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.known import describe, known_models
from parallel_agents.settings import Environment, Settings
from parallel_agents.views import format


def next_step(environment: Environment, settings: Settings, model: str) -> str:
    """The line to print; for an embedded model that is not here yet, how to fetch it, and its size."""
    if size := size_to_fetch(environment, settings, model):
        return f"Next: pagents models pull, which fetches the embedded model once ({size})"
    return 'Next: pagents spawn main "Say hello." --wait'


def size_to_fetch(environment: Environment, settings: Settings, model: str) -> str:
    """The size of an embedded model that must be fetched before its first call; empty for others."""
    if settings.local_model_file is not None:
        return ""
    for known in known_models():
        is_default = model == LOCAL and known == known_models()[0]
        if is_default or known.model_name == model:
            found = describe(known.model_name, environment.home / MODELS_FOLDER)
            return "" if found.path is not None else format.size(known.size_bytes)
    return ""
