from ai_orchestrator import RealAIParallelOrchestrator, AgentTask
orch = RealAIParallelOrchestrator(max_concurrent=10)
# Define 10 new agents to create
new_agents = [
    {'name': 'engagement_optimizer', 'purpose': 'Analyze social media posts',
        'domain': 'social media', 'capabilities': ['analytics', 'optimization']},
    {'name': 'workout_designer', 'purpose': 'Create gym/home workouts',
        'domain': 'fitness', 'capabilities': ['program design', 'adaptation']},
    {'name': 'email_drafter', 'purpose': 'Write professional/personal emails',
        'domain': 'communication', 'capabilities': ['tone adaptation', 'drafting']},
    # ... more agents
]
# Create all 10 agents + 10 reviewers = 20 parallel agents!
all_tasks = []
for agent in new_agents:
    # Add creator
    all_tasks.append(AgentTask(
            agent_type='agent_creator',
            task_description=f"Design agent: {agent['name']}",
            input_data=agent,
            timeout_seconds=180
    ))
    # Add reviewer
    all_tasks.append(AgentTask(
            agent_type='agent_design_reviewer',
            task_description=f"Review {agent['name']}",
            input_data={'agent_name': agent['name']},
            timeout_seconds=120
    ))
# SPAWN 20 AGENTS SIMULTANEOUSLY
results = orch.run_parallel(all_tasks)
