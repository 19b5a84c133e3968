topics = ["Topic A", "Topic B", "Topic C"]
agents = [
    sessions_spawn(task=f"Research: {topic}", runTimeoutSeconds=90, cleanup="delete")
    for topic in topics
]
