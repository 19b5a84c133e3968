"""The embedded model, provider `local`: fetched once, run in a child process, answering offline."""

from __future__ import annotations
