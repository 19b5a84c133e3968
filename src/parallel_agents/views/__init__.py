"""Views: what a face shows, as pure functions on events and rows; faces only render it."""

from __future__ import annotations
