"""How a run is carried out."""

from __future__ import annotations
