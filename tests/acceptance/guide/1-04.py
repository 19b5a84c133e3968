from ai_orchestrator import (
    RealAIParallelOrchestrator,
    create_meta_agent_workflow
)
orch = RealAIParallelOrchestrator()
# Define agents to create
new_agents = [
    {'name': 'crypto_analyst', 'purpose': 'Analyze crypto trends'},
    {'name': 'content_strategist', 'purpose': 'Plan content calendars'}
]
# Creates: 2 creators + 2 reviewers (4 tasks)
tasks = create_meta_agent_workflow(new_agents)
results = orch.run_parallel(tasks)
