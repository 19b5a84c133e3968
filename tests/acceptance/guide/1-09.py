from ai_orchestrator import RealAIParallelOrchestrator, create_content_team
orch = RealAIParallelOrchestrator(max_concurrent=5)
tasks = create_content_team("Monday motivation", platform="bluesky")
# This spawns 5 REAL AI agents
results = orch.run_parallel(tasks)
print("Agents spawned! Each is generating content...")
print("Check sessions_list() to see running agents")
