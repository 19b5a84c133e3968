"""Public fakes: a scripted model, a provider on loopback, a pytest plugin."""

from __future__ import annotations
