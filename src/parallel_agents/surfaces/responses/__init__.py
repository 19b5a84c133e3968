"""OpenAI Responses: a run as that API tells it, as one document or as a stream of events."""

from __future__ import annotations
