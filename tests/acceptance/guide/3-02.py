from tools import sessions_spawn  # âŒ Only available in agent runtime!
