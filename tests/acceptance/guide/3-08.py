from parallel_agents.builders import ResearchTeam

team = ResearchTeam(['topic1', 'topic2', 'topic3'])
results = team.execute()  # Spawns + polls automatically
