"""Views: what a face shows, computed from events and rows; faces only render it."""

from __future__ import annotations
