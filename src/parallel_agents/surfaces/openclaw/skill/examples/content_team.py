"""Five writers on one topic, at most two at a time; the results are also a file."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ai_orchestrator import RealAIParallelOrchestrator, create_content_team

topic = " ".join(sys.argv[1:]) or "Monday motivation"
orchestrator = RealAIParallelOrchestrator(max_concurrent=2)
for result in orchestrator.run_parallel(create_content_team(topic, platform="bluesky")):
    print(f"{result.agent_type}: {result.status} in {result.execution_time:.1f} s")
    print(f"  {result.output or result.error}")
print(orchestrator.save_results("content_team.json"))
