code = open('app.py').read()

reviews = [
    sessions_spawn(task=f"Review for quality: {code}", runTimeoutSeconds=120, cleanup="delete"),
    sessions_spawn(task=f"Review for security: {code}", runTimeoutSeconds=120, cleanup="delete"),
    sessions_spawn(task=f"Review for performance: {code}", runTimeoutSeconds=120, cleanup="delete"),
]
