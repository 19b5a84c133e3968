# Import into agent context
from parallel_agents.helpers import parallel_spawn

results = parallel_spawn([
    {'type': 'research', 'topic': 'bars'},
    {'type': 'research', 'topic': 'restaurants'},
    {'type': 'research', 'topic': 'photos'},
])
