"""Models: wires, the embedded model, and wrappers with the same protocol."""

from __future__ import annotations
