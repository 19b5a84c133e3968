"""Files: tools that read and change the files of one folder, and nothing outside of it."""

from __future__ import annotations
