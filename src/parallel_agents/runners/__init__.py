"""How a run is executed."""

from __future__ import annotations
