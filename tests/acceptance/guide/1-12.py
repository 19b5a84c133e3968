from ai_orchestrator import (
    RealAIParallelOrchestrator,
    create_meta_agent_workflow
)
orch = RealAIParallelOrchestrator(max_concurrent=6)
# Define new agents to create
new_agents = [
    {
        'name': 'social_media_analyst',
        'purpose': 'Analyze social media performance',
        'domain': 'social media analytics',
        'capabilities': ['engagement analysis', 'trend identification']
    },
    {
        'name': 'bug_hunter',
        'purpose': 'Find bugs in code',
        'domain': 'software QA',
        'capabilities': ['static analysis', 'edge case detection']
    },
    {
        'name': 'api_documenter',
        'purpose': 'Generate API docs',
        'domain': 'technical writing',
        'capabilities': ['endpoint extraction', 'example generation']
    }
]
# Creates 6 tasks: 3 creators + 3 reviewers
tasks = create_meta_agent_workflow(new_agents)
results = orch.run_parallel(tasks)
# Result: 3 complete agent definitions + 3 quality reviews
# All created entirely by AI in parallel!
