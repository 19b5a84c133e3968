import sys
sys.path.insert(0, str(Path.home() / '.openclaw/skills/parallel-agents'))
from helpers import spawn_with_retry, spawn_parallel_with_retry

# Single agent with auto-retry
result = spawn_with_retry(
    task="Research gay bars in Savannah. Return JSON.",
    max_retries=2,
    timeout_seconds=90
)

# Multiple agents with auto-retry
tasks = [
    "Research bars in Savannah",
    "Research restaurants in Savannah",
    "Research photo spots in Savannah"
]
results = spawn_parallel_with_retry(tasks, max_retries=2)

# Spawns all 3, waits, checks results, auto-retries any failures!
