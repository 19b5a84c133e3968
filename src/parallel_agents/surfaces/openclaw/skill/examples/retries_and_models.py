"""The cheapest model first; each result names its model, and what was tried."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import spawn_parallel_with_retry

tasks = ["Name three uses of a brick.", "Name three uses of a rope."]
for result in spawn_parallel_with_retry(tasks, max_retries=1, timeout_seconds=300):
    print(f"{result['model_used']}, attempts: {result['attempts']}, success: {result['success']}")
    print(f"  {result['output'] or result['error']}")
    for skipped in result["skipped"]:
        print(f"  skipped {skipped['model']}")
