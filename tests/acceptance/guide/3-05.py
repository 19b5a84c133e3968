def spawn_research_agents(topics):
    """Spawn multiple research agents in parallel."""
    from tools import sessions_spawn
    
    agents = []
    for topic in topics:
        result = sessions_spawn(
            task=f"Research and summarize: {topic}. Return as JSON.",
            runTimeoutSeconds=90,
            cleanup="delete"
        )
        agents.append({
            'topic': topic,
            'session_key': result['childSessionKey'],
            'run_id': result['runId']
        })
    
    return agents

# Usage
agents = spawn_research_agents([
    "Gay-friendly bars in Savannah",
    "Best birthday dinner spots in Savannah",
    "Top photo locations in Savannah"
])

print(f"âœ… Spawned {len(agents)} parallel research agents")
