import sys
from pathlib import Path
sys.path.insert(0, str(Path.home() / '.openclaw/skills/parallel-agents'))
from helpers import spawn_with_retry, spawn_parallel_with_retry, collect_agent_results
