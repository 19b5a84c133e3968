# Spawn the orchestrator to handle everything:
# - Plans workflow
# - Spawns all agents
# - Coordinates execution
# - Handles refinements
# - Compiles final report
result = sessions_spawn(
    task="Create 5 new agents and ensure all score 8.5+",
    agent_type='agent_orchestrator',
    timeout=600
)
# The orchestrator does everything autonomously!
