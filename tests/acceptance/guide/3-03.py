# Called from Scout's main session (has tools access)
from tools import sessions_spawn

# Research agent 1: Gay-friendly bars
result1 = sessions_spawn(
    task="""You are an educational content writer. Research and provide: 
Top 3 gay-friendly bars in Savannah, GA. Include names, addresses, 
and brief descriptions. Return as JSON:
{
  "bars": [
    {"name": "Bar Name", "address": "Address", "description": "Brief description"}
  ]
}""",
    runTimeoutSeconds=90,
    cleanup="delete"
)

# Research agent 2: Birthday dinner restaurants  
result2 = sessions_spawn(
    task="""You are an educational content writer. Research and provide:
Best 3 restaurants in Savannah for a birthday dinner. Include names,
addresses, price range, and why they're special. Return as JSON:
{
  "restaurants": [
    {"name": "Name", "address": "Address", "price": "$$", "why_special": "Reason"}
  ]
}""",
    runTimeoutSeconds=90,
    cleanup="delete"
)

# Research agent 3: Photo spots
result3 = sessions_spawn(
    task="""You are an educational content writer. Research and provide:
Top 3 photography spots in Savannah, GA. Include location names,
what makes them photogenic, and best time of day. Return as JSON:
{
  "spots": [
    {"name": "Location", "why_photogenic": "Reason", "best_time": "Time of day"}
  ]
}""",
    runTimeoutSeconds=90,
    cleanup="delete"
)

# All 3 agents now running in parallel!
print(f"Spawned 3 agents:")
print(f"  Agent 1: {result1['childSessionKey']}")
print(f"  Agent 2: {result2['childSessionKey']}")
print(f"  Agent 3: {result3['childSessionKey']}")
