from ai_orchestrator import RealAIParallelOrchestrator, AgentTask
# Create orchestrator
orch = RealAIParallelOrchestrator(max_concurrent=5)
# Define tasks
tasks = [
    AgentTask(
        agent_type='content_writer_funny',
        task_description='Write a caption about gym life',
        input_data={'tone': 'motivational'}
    ),
    AgentTask(
        agent_type='content_writer_creative',
        task_description='Write a caption about gym life',
        input_data={'tone': 'inspirational'}
    ),
]
# Execute in parallel (ACTUALLY spawns AI sessions)
results = orch.run_parallel(tasks)
