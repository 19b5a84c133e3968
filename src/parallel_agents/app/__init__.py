"""The app: settings in, working sessions out; the only place where adapters meet."""

from __future__ import annotations
