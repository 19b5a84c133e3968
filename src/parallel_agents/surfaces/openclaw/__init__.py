"""OpenClaw: the drop-in skill `parallel-agents`, for Python that is not async.

The names are those that guides and skills for OpenClaw publish; each is a thin face of the verbs.
"""

from __future__ import annotations
