from ai_orchestrator import RealAIParallelOrchestrator, create_review_team
code = open('app.py').read()
orch = RealAIParallelOrchestrator(max_concurrent=5)
tasks = create_review_team(code)
# Spawns 5 reviewers simultaneously
results = orch.run_parallel(tasks)
# Each reviews from different angle:
# - Code quality
# - Security
# - Performance
# - Accessibility
# - Test coverage
