from ai_orchestrator import RealAIParallelOrchestrator, create_dev_team
orch = RealAIParallelOrchestrator(max_concurrent=5)
tasks = create_dev_team("TaskManager", ['auth', 'tasks', 'teams'])
# Spawns 5 dev agents in parallel
results = orch.run_parallel(tasks)
# Each agent designs their layer independently
# - Frontend agent designs React components
# - Backend agent designs FastAPI routes
# - Database agent designs schema
# - etc.
