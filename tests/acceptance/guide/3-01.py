# From within your OpenClaw agent session
from tools import sessions_spawn

agent1 = sessions_spawn(task="...", runTimeoutSeconds=90, cleanup="delete")
agent2 = sessions_spawn(task="...", runTimeoutSeconds=90, cleanup="delete")
agent3 = sessions_spawn(task="...", runTimeoutSeconds=90, cleanup="delete")

# All 3 running in parallel!
