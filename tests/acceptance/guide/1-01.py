# Spawn multiple agents in parallel using sessions_spawn tool directly
from tools import sessions_spawn
# Agent 1: Research task
result1 = sessions_spawn(
    task="Research and provide: Top 3 gay-friendly bars in Savannah. Return as JSON.",
    runTimeoutSeconds=90,
    cleanup="delete"
)
# Agent 2: Different research task
result2 = sessions_spawn(
    task="Research and provide: Best restaurants for birthday dinner. Return as JSON.",
    runTimeoutSeconds=90,
    cleanup="delete"
)
# Agent 3: Another parallel task
result3 = sessions_spawn(
    task="Research and provide: Top photo spots in Savannah. Return as JSON.",
    runTimeoutSeconds=90,
    cleanup="delete"
)
# All 3 agents now running in parallel!
# Check results with sessions_list() and sessions_history()
