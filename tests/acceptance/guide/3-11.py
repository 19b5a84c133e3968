topic = "Monday motivation"
styles = ['funny', 'inspirational', 'educational']

content = [
    sessions_spawn(
        task=f"Write {style} post about {topic}",
        runTimeoutSeconds=60,
        cleanup="delete"
    )
    for style in styles
]
