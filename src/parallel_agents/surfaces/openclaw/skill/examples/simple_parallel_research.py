"""Three agents in parallel, and their results."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import poll_until_complete
from tools import sessions_spawn

TOPICS = ("tides", "moss", "bridges")

started = [
    sessions_spawn(task=f"Say three things about {topic}.", label=topic, runTimeoutSeconds=300)
    for topic in TOPICS
]
for result in poll_until_complete(started, timeout=300):
    print(f"{result['label']}: {result['status']}")
    print(f"  {result['output'] or result['error']}")
