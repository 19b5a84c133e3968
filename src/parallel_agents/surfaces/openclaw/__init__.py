"""OpenClaw: the drop-in skill `parallel-agents`, for Python that is not async.

The names are those of published guides and skills for OpenClaw; each is a thin layer on the verbs.
"""

from __future__ import annotations
