"""Public fakes: scripted models, a loopback provider, virtual time, and a rig without files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parallel_agents.models.simulated.answers import make_answer
    from parallel_agents.models.simulated.days import DAYS, Day, Mishap
    from parallel_agents.models.simulated.model import Simulated
    from parallel_agents.stores.memory import MemoryStore
    from parallel_agents.testing.behaviour import (
        Behaviour,
        Cut,
        Drip,
        Garbage,
        Hang,
        Hold,
        HttpError,
        Refusal,
        first,
    )
    from parallel_agents.testing.clock import Deadlock, VirtualLoop, run_virtual
    from parallel_agents.testing.fixtures import MakeScripted, RunVirtual, StartProvider
    from parallel_agents.testing.provider import LoopbackProvider, Received
    from parallel_agents.testing.rig import Rig, open_rig
    from parallel_agents.testing.scripted import Answer, RepliesWith, Script, ScriptedModel
    from parallel_agents.testing.serving import serve

__all__ = [
    "DAYS",
    "Answer",
    "Behaviour",
    "Cut",
    "Day",
    "Deadlock",
    "Drip",
    "Garbage",
    "Hang",
    "Hold",
    "HttpError",
    "LoopbackProvider",
    "MakeScripted",
    "MemoryStore",
    "Mishap",
    "Received",
    "Refusal",
    "RepliesWith",
    "Rig",
    "RunVirtual",
    "Script",
    "ScriptedModel",
    "Simulated",
    "StartProvider",
    "VirtualLoop",
    "first",
    "make_answer",
    "open_rig",
    "run_virtual",
    "serve",
]

_HOMES = {
    "models.simulated.answers": ("make_answer",),
    "models.simulated.days": ("DAYS", "Day", "Mishap"),
    "models.simulated.model": ("Simulated",),
    "stores.memory": ("MemoryStore",),
    "testing.behaviour": (
        "Behaviour",
        "Cut",
        "Drip",
        "Garbage",
        "Hang",
        "Hold",
        "Hold",
        "HttpError",
        "Refusal",
        "first",
    ),
    "testing.clock": ("Deadlock", "VirtualLoop", "run_virtual"),
    "testing.fixtures": ("MakeScripted", "RunVirtual", "StartProvider"),
    "testing.provider": ("LoopbackProvider", "Received"),
    "testing.rig": ("Rig", "open_rig"),
    "testing.scripted": ("Answer", "RepliesWith", "Script", "ScriptedModel"),
    "testing.serving": ("serve",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a checker would take any name for one that is there

    def __getattr__(name: str) -> object:
        """Load a public name on first use, since the pytest plugin imports this package everywhere."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"parallel_agents.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
