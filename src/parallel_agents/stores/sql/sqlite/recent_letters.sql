SELECT s.key, s.label, s.spawn_key, s.parent = '', r.key, r.label, r.spawn_key
FROM dead_letters AS d JOIN sessions AS s ON s.key = d.session JOIN sessions AS r ON r.key = s.root
WHERE d.dropped_at IS NULL
ORDER BY d.at DESC LIMIT 100;
