-- name: put_agent
INSERT INTO agents (digest, body, format) VALUES (?, ?, ?) ON CONFLICT DO NOTHING;

-- name: agent
SELECT body, format FROM agents WHERE digest = ?;

-- name: last_seq_of_format
SELECT last_seq FROM formats WHERE format = ?;

-- name: put_session
INSERT INTO sessions
    (key, agent, label, parent, spawn_key, digest, root, depth, killed, created_at, options, paused_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: session_by_spawn_key
SELECT key, digest FROM sessions WHERE parent = ? AND spawn_key = ?;

-- A session and the run that asks for others in it: the one being executed, else the latest.
-- name: asker
SELECT s.killed, s.paused_by, r.id, r.request, r.status IN ('queued', 'running')
FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.key = :session AND r.number = COALESCE(
    (SELECT MIN(number) FROM runs WHERE session = :session AND status IN ('queued', 'running')),
    (SELECT MAX(number) FROM runs WHERE session = :session));

-- name: count_spawned
SELECT spawned FROM runs WHERE id = ?;

-- name: labels_asked_by
SELECT s.label FROM runs AS r JOIN sessions AS s ON s.key = r.session
WHERE r.asked_by = ? AND r.number = 1;

-- name: note_spawned
UPDATE runs SET spawned = spawned + 1 WHERE id = ?;

-- name: count_live_children
SELECT COUNT(*) FROM sessions AS s
WHERE s.parent = ?
  AND EXISTS (SELECT 1 FROM runs AS r WHERE r.session = s.key AND r.status IN ('queued', 'running'));

-- name: put_run
INSERT INTO runs
    (id, session, number, kind, status, title, model, priority, owner, created_at, asked_by, request)
VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?);

-- name: run_state
SELECT session, status, epoch FROM runs WHERE id = ?;

-- name: run_states
SELECT id, session, status, epoch, EXISTS (SELECT 1 FROM reservations WHERE run = runs.id),
       EXISTS (SELECT 1 FROM day_limits)
FROM runs WHERE id IN (SELECT value FROM json_each(?));

-- name: put_event
INSERT INTO events (seq, at, run, key, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (run, key) DO NOTHING;

-- name: delete_events_after
DELETE FROM events WHERE seq > ?;

-- name: written_keys
SELECT e.run, e.key
FROM json_each(?) AS asked
JOIN events AS e ON e.run = json_extract(asked.value, '$[0]') AND e.key = json_extract(asked.value, '$[1]');

-- name: head
SELECT {last_number}, (SELECT hash FROM links ORDER BY number DESC LIMIT 1);

-- name: last_seq
SELECT {last_number};

-- Of the last event that there ever was, pruned or not: a number is never used again.
-- name: last_number
MAX((SELECT COALESCE(MAX(seq), 0) FROM events),
    COALESCE((SELECT last_seq FROM links ORDER BY number DESC LIMIT 1), 0))

-- When a process last worked on a run; one that has ended did until its last heartbeat.
-- name: worked_on_until
COALESCE(
    released_at,
    (SELECT heartbeat_at FROM owners WHERE owners.id = runs.owner AND owners.state != 'live'),
    :now)

-- name: idle_until_now
idle_seconds + CASE WHEN started_at IS NULL THEN 0 ELSE MAX(0, :now - {worked_on_until}) END

-- name: claim
UPDATE runs
SET owner = :owner, epoch = epoch + 1, status = 'running', attempts = MAX(attempts, 1),
    started_at = COALESCE(started_at, :now), idle_seconds = {idle_until_now}, released_at = NULL
WHERE id IN (SELECT value FROM json_each(:runs)) AND status IN ('queued', 'running')
  AND (owner IS NULL OR owner = :owner
       OR NOT EXISTS (SELECT 1 FROM owners WHERE owners.id = runs.owner AND owners.state = 'live'))
  AND NOT EXISTS (SELECT 1 FROM runs AS earlier
                  WHERE earlier.session = runs.session AND earlier.number < runs.number
                    AND earlier.status IN ('queued', 'running'))
  AND NOT EXISTS (SELECT 1 FROM sessions WHERE key = runs.session AND paused_by <> '')
RETURNING id, session, epoch;

-- Undo a claim, before anything was written for it.
-- name: unclaim
UPDATE runs
SET owner = NULL, status = 'queued', epoch = epoch - 1,
    started_at = CASE WHEN epoch > 1 THEN started_at END,
    attempts = CASE WHEN epoch > 1 THEN attempts ELSE 0 END
WHERE id = ?;

-- name: free_earlier
UPDATE runs
SET owner = NULL, released_at = {worked_on_until}
WHERE status IN ('queued', 'running')
  AND EXISTS (SELECT 1 FROM owners WHERE owners.id = runs.owner AND owners.state = 'gone')
  AND id IN (SELECT earlier.id
             FROM runs AS later JOIN runs AS earlier ON earlier.session = later.session
             WHERE later.id IN (SELECT value FROM json_each(:runs))
               AND earlier.number < later.number);

-- name: note_attempt
UPDATE runs SET attempts = :attempts, model = CASE WHEN :model = '' THEN model ELSE :model END WHERE id = :run;

-- name: note_reply
UPDATE runs
SET calls = calls + 1, input_tokens = input_tokens + ?, output_tokens = output_tokens + ?,
    cache_read_tokens = cache_read_tokens + ?, cache_write_tokens = cache_write_tokens + ?,
    cost_nanousd = cost_nanousd + ?, unpriced_calls = unpriced_calls + ?
WHERE id = ?;

-- name: end_run
UPDATE runs
SET status = :status, finished_at = :now, started_at = COALESCE(started_at, :now),
    idle_seconds = {idle_until_now}, error_code = :error_code, epoch = epoch + :fence
WHERE id = :run;

-- name: count_steers
SELECT run, COUNT(*) FROM events
WHERE run IN (SELECT value FROM json_each(?)) AND key GLOB 'steer-*' AND key NOT GLOB '*/delivered'
GROUP BY run;

-- name: last_events_of
SELECT run, seq, at, body FROM events
WHERE seq IN (SELECT MAX(seq) FROM events
              WHERE run IN (SELECT value FROM json_each(?)) GROUP BY run);

-- What a run was asked is no step, and of a team it is all its tasks.
-- name: last_steps_of
SELECT run, seq, body FROM events
WHERE seq IN (SELECT MAX(seq) FROM events
              WHERE run IN (SELECT value FROM json_each(?)) AND key <> 'queued'
                AND key NOT GLOB 'started-*' AND key NOT GLOB 'noticed/*' AND key NOT GLOB 'stuck-*'
                AND (key NOT GLOB 'steer-*' OR key GLOB '*/delivered')
              GROUP BY run);

-- name: attempts_of
SELECT run,
       CASE WHEN key = 'queued' THEN json_extract(json, '$.ladder[0]') END,
       CASE WHEN key GLOB 'attempt-*' THEN json_extract(json, '$.model') END,
       CASE WHEN key GLOB 'attempt-*' THEN json_extract(json, '$.accepted_items') <> '{}' END,
       json_extract(json, '$.cost_nanousd'), json_type(json, '$.cost_nanousd') <> 'null',
       json_extract(json, '$.usage.input_tokens'), json_extract(json, '$.usage.output_tokens'),
       json_extract(json, '$.usage.cache_read_tokens'),
       json_extract(json, '$.usage.cache_write_tokens')
FROM (SELECT seq, run, key,
             CASE WHEN json_valid(CAST(body AS TEXT)) THEN CAST(body AS TEXT) ELSE '{}' END AS json
      FROM events
      WHERE run IN (SELECT value FROM json_each(?))
        AND (key = 'queued' OR key GLOB 'attempt-*' OR key GLOB 'turn-*/model'))
ORDER BY run, seq;

-- When a process last worked on runs that no living process has, as `worked_on_until` has it.
-- name: last_times_of
SELECT id, COALESCE(released_at,
                    (SELECT heartbeat_at FROM owners WHERE owners.id = runs.owner),
                    (SELECT MAX(at) FROM events WHERE run = runs.id))
FROM runs WHERE id IN (SELECT value FROM json_each(?));

-- name: last_reply
SELECT seq, body FROM events WHERE run = ? AND key GLOB 'turn-*/model' ORDER BY seq DESC LIMIT 1;

-- name: subtree
WITH RECURSIVE tree (key) AS (
    SELECT key FROM sessions WHERE key = ?
    UNION ALL
    SELECT child.key FROM sessions AS child JOIN tree ON child.parent = tree.key
)
SELECT tree.key FROM tree;

-- name: pause
UPDATE sessions SET paused_by = :by
WHERE key IN (SELECT value FROM json_each(:sessions)) AND paused_by = '' AND NOT killed
RETURNING key;

-- name: unpause
UPDATE sessions SET paused_by = ''
WHERE key IN (SELECT value FROM json_each(:sessions)) AND paused_by <> ''
RETURNING key;

-- name: live_runs_of
SELECT r.session, r.id
FROM json_each(?) AS asked CROSS JOIN runs AS r ON r.session = asked.value AND {live}
ORDER BY r.created_at, r.number;

-- While a run is paused it is idle: until its next claim, or until the pause ends.
-- name: begin_idling
UPDATE runs SET released_at = COALESCE(released_at, :now)
WHERE id IN (SELECT value FROM json_each(:runs)) AND started_at IS NOT NULL;

-- A living process takes it up as it left it; for another one, it is idle from now on.
-- name: end_idling
UPDATE runs
SET idle_seconds = idle_seconds + MAX(0, :now - released_at),
    released_at = CASE WHEN NOT EXISTS (SELECT 1 FROM owners
                                        WHERE owners.id = runs.owner AND owners.state = 'live')
                       THEN :now END
WHERE id IN (SELECT value FROM json_each(:runs)) AND released_at IS NOT NULL;

-- name: mark_killed
UPDATE sessions SET killed = 1 WHERE key = ?;

-- name: runs_of_session
SELECT id, status FROM runs WHERE session = ? ORDER BY number;

-- name: release
UPDATE runs SET owner = NULL, status = 'queued', released_at = {worked_on_until}
WHERE id = :run AND owner = :owner AND status IN ('queued', 'running');

-- name: requeue_owned
UPDATE runs SET status = 'queued' WHERE owner = ? AND status = 'running';

-- name: heartbeat
INSERT INTO owners (id, host, pid, role, state, heartbeat_at, boot, birth, project)
VALUES (:id, :host, :pid, :role, :state, :heartbeat_at, :boot, :birth, :project)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, heartbeat_at = excluded.heartbeat_at;

-- name: mark_dead
UPDATE owners SET state = 'dead' WHERE id = ? AND state = 'live';

-- name: dead_among
SELECT id FROM owners WHERE id IN (SELECT value FROM json_each(?)) AND state = 'dead';

-- name: owners
SELECT id, host, pid, role, state, heartbeat_at, boot, birth, project
FROM owners ORDER BY heartbeat_at DESC;

-- name: count_sleep
UPDATE runs SET idle_seconds = idle_seconds + :seconds
WHERE owner = :owner AND status = 'running' AND started_at IS NOT NULL AND released_at IS NULL;

-- What a dead process executed, except runs that only waited for others: the run, its session, and
-- how often a process died after the same step.
-- name: note_deaths
UPDATE runs
SET deaths = CASE WHEN died_after = last.step THEN deaths + 1 ELSE 1 END, died_after = last.step
FROM (SELECT r.id AS run, COALESCE(MAX(e.seq), 0) AS step
      FROM runs AS r JOIN events AS e ON e.run = r.id
      WHERE r.owner = ? AND r.status = 'running' AND r.kind = 'agent' AND r.released_at IS NULL
        AND {is_step}
        AND NOT EXISTS (SELECT 1 FROM sessions AS s JOIN runs AS child ON child.session = s.key
                        WHERE s.parent = r.session AND child.status IN ('queued', 'running'))
      GROUP BY r.id) AS last
WHERE id = last.run
RETURNING id, session, deaths;

-- name: is_step
e.key NOT GLOB 'started-*' AND e.key NOT GLOB '*/started' AND e.key NOT GLOB '*epoch-*'
AND e.key NOT GLOB 'steer-*' AND e.key NOT GLOB 'noticed/*' AND e.key NOT GLOB 'stuck-*'

-- Runs of a process that were in code of the program: in tools or gates, which follow a reply, or in a
-- call that has begun and not ended. The others waited for a model.
-- name: in_code
SELECT last.run
FROM (SELECT r.id AS run, MAX(e.seq), e.key AS step
      FROM runs AS r JOIN events AS e ON e.run = r.id
      WHERE r.owner = ? AND r.status = 'running' AND r.kind = 'agent' AND r.released_at IS NULL
        AND {is_step}
      GROUP BY r.id) AS last
WHERE last.step GLOB 'turn-*/model'
   OR EXISTS (SELECT 1 FROM events AS begun
              WHERE begun.run = last.run AND begun.key GLOB '*/started'
                AND NOT EXISTS (SELECT 1 FROM events AS ended
                                WHERE ended.run = begun.run
                                  AND ended.key || '/started' = begun.key));

-- name: boot
SELECT clock_offset, least_offset, EXISTS (SELECT 1 FROM owners WHERE state = 'live')
FROM (SELECT 1) LEFT JOIN boots ON id = ?;

-- name: put_boot
INSERT INTO boots (id, clock_offset, least_offset) VALUES (:id, :offset, :offset)
ON CONFLICT (id) DO UPDATE SET
    clock_offset = excluded.clock_offset, least_offset = MIN(least_offset, excluded.clock_offset);

-- name: boot_of_owner
SELECT boot FROM owners WHERE id = ?;

-- name: drop_old_owners
DELETE FROM owners
WHERE state != 'live' AND heartbeat_at < ?
  AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.owner = owners.id AND status IN ('queued', 'running'));

-- name: row_columns
s.key, s.agent, s.label, s.parent, s.spawn_key, s.root, s.depth, s.killed, s.created_at,
       s.options, s.paused_by,
       r.id, r.number, r.kind, r.status, r.title, r.model, r.priority, r.owner, r.epoch, r.attempts,
       r.calls, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens,
       r.cost_nanousd, r.unpriced_calls, r.created_at, r.started_at, r.finished_at, r.error_code,
       r.idle_seconds, o.state, {uncounted}

-- name: session_rows
SELECT {row_columns}
FROM sessions AS s
JOIN runs AS r ON r.session = s.key
LEFT JOIN owners AS o ON o.id = r.owner

-- The newest come first out of an index, so that a page costs the same however many there are.
-- name: newest_rows
SELECT {row_columns}
FROM runs AS r INDEXED BY runs_created
CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN owners AS o ON o.id = r.owner
{where}
ORDER BY r.created_at DESC, s.key LIMIT :limit;

-- name: run_with_key
SELECT id FROM runs WHERE id > ? AND id < ? LIMIT 1;

-- name: row_of_run
{session_rows} WHERE r.id = ?;

-- name: rows_of_runs
{session_rows} WHERE r.id IN (SELECT value FROM json_each(?));

-- name: row_of_session
{session_rows} WHERE s.key = ? ORDER BY r.number DESC LIMIT 1;

-- name: row_of_spawn
{session_rows} WHERE s.key = ? AND r.number = 1;

-- name: task_name
CASE WHEN json_valid(s.options) THEN json_extract(s.options, '$.task_name') END

-- A full name comes first: a limit must not cut it off behind newer namesakes.
-- name: rows
{session_rows}
{where}
ORDER BY (:prefix IS NOT NULL
          AND (:prefix IN (s.key, s.label, {task_name}, r.id)
               OR (s.parent = '' AND s.spawn_key = :prefix)
               OR substr(s.key, -length(:prefix) - 1) = ':' || :prefix)) DESC,
         r.created_at DESC, s.key
LIMIT COALESCE(:limit, -1);

-- name: count_rows
SELECT COUNT(*)
FROM sessions AS s JOIN runs AS r ON r.session = s.key LEFT JOIN owners AS o ON o.id = r.owner
{where};

-- Found in two indexes: what was done since a moment is little of what there is.
-- name: count_since
SELECT COUNT(*)
FROM (SELECT id FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running')
      UNION ALL
      SELECT id FROM runs INDEXED BY runs_ended
      WHERE finished_at IS NOT NULL AND finished_at >= :since
        AND status NOT IN ('queued', 'running')) AS found
CROSS JOIN runs AS r ON r.id = found.id CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN owners AS o ON o.id = r.owner
{where};

-- name: count_roots
SELECT COUNT(*) FROM sessions WHERE parent = '';

-- name: count_roots_after
SELECT COUNT(*)
FROM events AS e CROSS JOIN runs AS r ON r.id = e.run AND r.number = 1
CROSS JOIN sessions AS s ON s.key = r.session AND s.parent = ''
WHERE e.seq > ? AND e.key = 'queued';

-- name: rows.latest
r.number = (SELECT MAX(number) FROM runs WHERE session = s.key)

-- name: last_asked
SELECT MAX(asked.number) FROM runs AS asked LEFT JOIN runs AS asking ON asking.id = asked.asked_by
WHERE asked.session = s.key AND COALESCE(asking.session, '')

-- name: rows.asked
r.number = COALESCE(({last_asked} = :asker), ({last_asked} = s.parent),
                    (SELECT MAX(number) FROM runs WHERE session = s.key))

-- name: rows.session
s.key = :session

-- name: rows.sessions
s.key IN (SELECT value FROM json_each(:sessions))

-- name: rows.run
r.id = :run

-- name: rows.parent
s.parent = :parent

-- name: rows.agent
s.key >= 'agent:' || :agent || ':' AND s.key < 'agent:' || :agent || ';'

-- name: rows.client
CASE WHEN json_valid(s.options) THEN json_extract(s.options, '$.client') END = :client

-- name: rows.tree
s.key IN ({subtree_of_tree})

-- name: rows.owner
{live} AND r.owner = :owner

-- name: rows.since
({live} OR r.finished_at >= :since)

-- name: rows.orphaned
{live} AND (r.owner IS NULL OR o.state = 'dead') AND s.paused_by = ''

-- name: rows.roots
s.parent = ''

-- name: rows.live
{live}

-- name: rows.ended
NOT ({live})

-- name: rows.statuses
r.status IN (SELECT value FROM json_each(:statuses))

-- name: rows.kinds
r.kind IN (SELECT value FROM json_each(:kinds))

-- name: rows.workflows
EXISTS (SELECT 1 FROM json_each(:workflows) AS one
        WHERE s.key >= 'team:' || one.value || ':' AND s.key < 'team:' || one.value || ';'
           OR s.key >= 'flow:' || one.value || ':' AND s.key < 'flow:' || one.value || ';')

-- name: rows.agents
EXISTS (SELECT 1 FROM json_each(:agents) AS one
        WHERE s.key >= 'agent:' || one.value || ':' AND s.key < 'agent:' || one.value || ';')

-- name: rows.labels
EXISTS (SELECT 1 FROM json_each(:labels) AS one WHERE instr(lower(s.label), lower(one.value)))

-- name: rows.models
EXISTS (SELECT 1 FROM json_each(:models) AS one WHERE instr(lower(r.model), lower(one.value)))

-- name: rows.tags
json_valid(s.options)
AND EXISTS (SELECT 1 FROM json_each(s.options, '$.tags') AS tag
            WHERE tag.value IN (SELECT value FROM json_each(:tags)))

-- Of a key, what a person sees: "tea" is not in `team:gym:monday`. A text with a colon is part of a key.
-- name: rows.texts
NOT EXISTS (SELECT 1 FROM json_each(:texts) AS one
            WHERE NOT instr(lower(s.label || char(10) || r.title || char(10)
                                  || iif(instr(one.value, ':'), s.key,
                                         replace(substr(s.key, instr(s.key, ':') + 1), ':subagent:', ':'))
                                  || char(10) || iif(s.parent = '', s.spawn_key, '')),
                            lower(one.value)))

-- name: rows.text
r.id IN ({with_text})

-- Where a text is: looked for in each table by itself, which is a fifth of the work. LIKE ignores case
-- as `lower` does, and copies nothing.
-- name: with_text
SELECT id FROM runs WHERE title LIKE :like ESCAPE '\'
UNION
SELECT of.id FROM sessions AS called CROSS JOIN runs AS of ON of.session = called.key
WHERE called.label LIKE :like ESCAPE '\' OR called.key LIKE :like ESCAPE '\'
    OR (called.parent = '' AND called.spawn_key LIKE :like ESCAPE '\')

-- name: text_rows
SELECT {row_columns}
FROM ({with_text}) AS found
CROSS JOIN runs AS r ON r.id = found.id
CROSS JOIN sessions AS s ON s.key = r.session
LEFT JOIN owners AS o ON o.id = r.owner
{where}
ORDER BY r.created_at DESC, s.key LIMIT :limit;

-- Most searches of a list find enough among what is new.
-- name: rows.new
r.created_at >= (SELECT COALESCE(MIN(created_at), 0)
                 FROM (SELECT created_at FROM runs INDEXED BY runs_created
                       ORDER BY created_at DESC LIMIT 1000))

-- name: rows.after
(r.created_at < ({created_after}) OR (r.created_at = ({created_after}) AND s.key > :after))

-- name: created_after
SELECT created_at FROM runs WHERE session = :after ORDER BY number DESC LIMIT 1

-- name: rows.prefix
s.key IN ({named})

-- Each part is one search of an index. Every key contains `agent:` or `team:`, which without a colon
-- are no start of a name. No run id is shown with fewer than eight characters: a shorter start would find a
-- run that nobody meant.
-- name: named
SELECT key FROM sessions WHERE label = :prefix AND :prefix <> ''
UNION ALL
SELECT key FROM sessions WHERE parent = '' AND spawn_key = :prefix AND :prefix <> ''
UNION ALL
SELECT s.key FROM sessions AS s
WHERE s.options <> '{}' AND {task_name} = :prefix AND :prefix <> ''
UNION ALL
SELECT s.key FROM sessions AS s
WHERE :prefix <> '' AND {short_key} >= :prefix AND {short_key} < :prefix || char(1114111)
UNION ALL
SELECT key FROM sessions
WHERE instr(:prefix, ':') > 0
  AND (substr(key, 1, length(:prefix)) = :prefix OR instr(key, ':' || :prefix) > 0)
UNION ALL
SELECT r.session FROM runs AS r
WHERE length(:prefix) >= 8 AND r.id >= :prefix AND r.id < :prefix || char(1114111)
  AND r.number = (SELECT MAX(number) FROM runs WHERE session = r.session)

-- name: short_key
substr(s.key, length(rtrim(s.key, replace(s.key, ':', ''))) + 1)

-- name: live
r.status IN ('queued', 'running')

-- name: subtree_of_tree
WITH RECURSIVE tree (key) AS (
    SELECT key FROM sessions WHERE key = :tree
    UNION ALL
    SELECT child.key FROM sessions AS child JOIN tree ON child.parent = tree.key
)
SELECT tree.key FROM tree

-- name: events
SELECT e.seq, e.at, r.session, e.run, e.key, e.body
FROM events AS e JOIN runs AS r ON r.id = e.run
{where}
ORDER BY e.seq LIMIT COALESCE(:limit, -1);

-- An event of a session, by the first digits of its run's id.
-- name: kept_event
SELECT e.seq, e.at, r.session, e.run, e.key, e.body
FROM runs AS r JOIN events AS e ON e.run = r.id
WHERE r.session = :session AND substr(r.id, 1, length(:run)) = :run AND e.key = :key
LIMIT 1;

-- The numbers are found and sorted in an index alone; only the events of the page are read. The
-- inner LIMIT makes SQLite keep the inner order.
-- name: events_below
SELECT e.seq, e.at, page.session, e.run, e.key, e.body
FROM (SELECT e.seq, r.session FROM runs AS r JOIN events AS e ON e.run = r.id
      {where} ORDER BY e.seq LIMIT -1) AS page
CROSS JOIN events AS e ON e.seq = page.seq
WHERE {of_kinds} LIMIT COALESCE(:limit, -1);

-- The last events before a number, from the last one back.
-- name: last_events
SELECT e.seq, e.at, r.session, e.run, e.key, e.body
FROM events AS e JOIN runs AS r ON r.id = e.run
{where}
ORDER BY e.seq DESC LIMIT :limit;

-- name: last_events_below
SELECT e.seq, e.at, page.session, e.run, e.key, e.body
FROM (SELECT e.seq, r.session FROM runs AS r JOIN events AS e ON e.run = r.id
      {where} ORDER BY e.seq DESC LIMIT -1) AS page
CROSS JOIN events AS e ON e.seq = page.seq
WHERE {of_kinds} LIMIT :limit;

-- name: count_events
SELECT COUNT(*) FROM runs AS r JOIN events AS e ON e.run = r.id {where};

-- name: count_all_events
SELECT COUNT(*) FROM events AS e {where};

-- name: events.after
e.seq > :after

-- name: events.before
e.seq < :before

-- name: events.session
r.session = :session

-- name: events.kinds
{of_kinds}

-- name: of_kinds
CASE WHEN :kinds IS NULL THEN TRUE
     WHEN json_valid(CAST(e.body AS TEXT))
     THEN json_extract(CAST(e.body AS TEXT), '$.kind') IN (SELECT value FROM json_each(:kinds))
     ELSE TRUE END

-- name: events.tree
r.session IN ({subtree_of_tree})

-- What a session is called, and its parent's label, and its first run.
-- name: origins
WITH RECURSIVE up (key, above, height) AS (
    SELECT value, value, 0 FROM json_each(?)
    UNION
    SELECT up.key, s.parent, up.height + 1
    FROM up JOIN sessions AS s ON s.key = up.above
    WHERE s.parent <> '' AND up.height < 100
)
SELECT up.key, s.label, s.parent, s.spawn_key, up.height, r.id
FROM up
JOIN sessions AS s ON s.key = up.above
LEFT JOIN runs AS r ON up.height = 0 AND r.session = s.key AND r.number = 1
ORDER BY up.key, up.height;

-- Which runs asked for runs, up to the ones that nobody in the store asked for.
-- name: lineages
WITH RECURSIVE up (run, top, height) AS (
    SELECT id, id, 0 FROM runs WHERE id IN (SELECT value FROM json_each(?))
    UNION ALL
    SELECT up.run, above.id, up.height + 1
    FROM up JOIN runs AS r ON r.id = up.top JOIN runs AS above ON above.id = r.asked_by
    WHERE up.height < 100
)
SELECT up.run, up.top, MAX(up.height), r.asked_by
FROM up JOIN runs AS r ON r.id = up.run
GROUP BY up.run;

-- Of a damaged row nothing is added up.
-- name: is_whole
typeof(r.calls) = 'integer' AND typeof(r.cost_nanousd) = 'integer'
AND typeof(r.unpriced_calls) = 'integer' AND typeof(r.input_tokens) = 'integer'
AND typeof(r.output_tokens) = 'integer' AND typeof(r.cache_read_tokens) = 'integer'
AND typeof(r.cache_write_tokens) = 'integer'
AND MAX(r.calls, r.cost_nanousd, r.unpriced_calls, r.input_tokens, r.output_tokens,
        r.cache_read_tokens, r.cache_write_tokens) < 1000000000000000000

-- The runs of the tasks of teams and flows, counted by how they are doing. What began after its team
-- had ended is counted apart, and so is a retry below a team, whose outcome is that of its own tasks. A
-- flow goes on with the retry of a step, which replaces the run that failed.
-- name: is_retrying
EXISTS (SELECT 1 FROM events WHERE key GLOB '*/retry-*'
        AND seq = (SELECT MAX(own.seq) FROM events AS own WHERE own.run = r.id AND {is_own_event}))

-- name: tallies
WITH teams AS MATERIALIZED (
    SELECT value AS team,
           (SELECT CASE WHEN {live} THEN 9e999 ELSE r.finished_at END
            FROM runs AS r WHERE r.session = value ORDER BY r.number DESC LIMIT 1) AS ended_at
    FROM json_each(:teams))
SELECT team, status, owner, is_unclaimed, MAX(created_at), is_later, is_retrying, is_paused,
       COUNT(*) FILTER (WHERE is_latest), MAX(finished_at)
FROM (SELECT team, r.status, CASE WHEN {live} THEN r.owner END AS owner,
             {live} AND r.epoch = 0 AS is_unclaimed,
             r.created_at, r.finished_at,
             r.created_at > ended_at
             OR (asking.kind = 'team' AND EXISTS (SELECT 1 FROM dead_letters AS d WHERE d.retried_by = r.session))
             AS is_later,
             r.status = 'running' AND {is_retrying} AS is_retrying,
             {live} AND (SELECT paused_by <> '' FROM sessions WHERE key = r.session) AS is_paused,
             NOT EXISTS (SELECT 1 FROM runs AS later
                         JOIN runs AS asker ON asker.id = later.asked_by
                         WHERE later.session = r.session AND later.number > r.number
                           AND asker.session = team
                           AND (later.created_at > ended_at) = (r.created_at > ended_at))
             AND (asking.kind = 'team' OR r.status = 'done' OR NOT EXISTS (
                 SELECT 1 FROM {tries_after} AND (again.created_at > ended_at) = (r.created_at > ended_at)))
             AND r.session NOT IN (SELECT value FROM json_each(:uncounted)) AS is_latest
      FROM teams JOIN runs AS asking ON asking.session = team CROSS JOIN runs AS r ON r.asked_by = asking.id)
GROUP BY team, status, owner, is_unclaimed, is_later, is_retrying, is_paused;

-- The later tries of the same task, whose keys have higher numbers; see core/retry_keys.py.
-- name: tries_after
(SELECT s.parent, s.spawn_key,
        CASE WHEN rtrim(s.spawn_key, '0123456789') GLOB '*/retry-' THEN rtrim(s.spawn_key, '0123456789')
             ELSE s.spawn_key || '/retry-' END AS mark
 FROM sessions AS s WHERE s.key = r.session) AS own
JOIN sessions AS again ON again.parent = own.parent
     AND again.spawn_key > own.mark AND again.spawn_key < substr(own.mark, 1, length(own.mark) - 1) || '.'
WHERE CAST(substr(again.spawn_key, length(own.mark) + 1) AS INTEGER)
      > CASE WHEN own.spawn_key > own.mark THEN CAST(substr(own.spawn_key, length(own.mark) + 1) AS INTEGER) ELSE 1 END

-- name: amounts
r.calls, r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens,
r.cost_nanousd, r.unpriced_calls, {simulated} AS simulated,
{uncounted} OR NOT ({is_whole}) AS uncounted

-- What a simulated model would have cost.
-- name: simulated
CASE WHEN r.model GLOB 'sim/*' THEN r.cost_nanousd ELSE 0 END

-- Whether a call of a run may have been billed that nobody counted. Whoever kills a run, or ends it for its
-- team's time limit, does not know whether a call is in flight; nobody bills one of the embedded model.
-- name: uncounted
(r.kind = 'agent' AND r.attempts > 0 AND r.model NOT GLOB 'sim/*'
 AND ((r.status IN ('killed', 'timed_out') AND r.model NOT GLOB 'local/*')
      OR EXISTS (SELECT 1 FROM events AS lost INDEXED BY unanswered
                 WHERE lost.run = r.id AND lost.key GLOB 'turn-*/unanswered-*')))

-- name: sums
SUM(calls) FILTER (WHERE is_whole), SUM(input_tokens) FILTER (WHERE is_whole),
SUM(output_tokens) FILTER (WHERE is_whole), SUM(cache_read_tokens) FILTER (WHERE is_whole),
SUM(cache_write_tokens) FILTER (WHERE is_whole), SUM(cost_nanousd) FILTER (WHERE is_whole),
SUM(unpriced_calls) FILTER (WHERE is_whole), SUM(simulated) FILTER (WHERE is_whole),
SUM(uncounted)

-- Runs with one attempt, by agent, by the session whose agent's work they read, by model and status,
-- and by whether they had a reply.
-- name: costs
SELECT digest, MIN(key), served, model, status, COUNT(*), MAX(created_at), day, tags, {sums}
FROM (SELECT s.agent AS digest, s.key, {served} AS served, r.model, r.status, r.created_at,
             {day} AS day, {tags} AS tags, r.calls > 0 AS is_answered, {is_whole} AS is_whole,
             {amounts}
      FROM runs AS r JOIN sessions AS s ON s.key = r.session {where})
GROUP BY digest, served, model, status, day, tags, is_answered;

-- Runs with several attempts, which were on different models.
-- name: costs_of_several
SELECT s.agent, s.key, {served}, r.model, r.status, r.id, r.created_at, {day}, {tags}, {uncounted}
FROM runs AS r JOIN sessions AS s ON s.key = r.session {where};

-- Calls that brought no reply and may have been billed.
-- name: count_unanswered
SELECT COUNT(*)
FROM events AS e INDEXED BY unanswered
CROSS JOIN runs AS r ON r.id = e.run CROSS JOIN sessions AS s ON s.key = r.session {where};

-- name: costs.unanswered
e.key GLOB 'turn-*/unanswered-*'

-- A judge or refiner is a service of the session above it.
-- name: served
CASE WHEN s.options <> '{}' AND json_valid(s.options) AND json_extract(s.options, '$.is_service')
     THEN (SELECT p.agent FROM sessions AS p WHERE p.key = s.parent) END

-- A run that ended without a reply was tried, too; one that nobody has begun was not, nor one whose
-- budget left no room for a call.
-- name: costs.once
r.kind = 'agent' AND r.attempts <= 1
AND (r.calls > 0 OR (r.attempts = 1 AND NOT ({live}) AND r.status <> 'over_budget'))

-- name: costs.several
r.kind = 'agent' AND r.attempts > 1

-- name: costs.tree
s.key IN ({subtree_of_tree})

-- name: costs.tag
json_valid(s.options)
AND EXISTS (SELECT 1 FROM json_each(s.options, '$.tags') AS tag WHERE tag.value = :tag)

-- The UTC day on which a run ended, or was asked for if it has not.
-- name: day
date(COALESCE(r.finished_at, r.created_at), 'unixepoch')

-- name: tags
CASE WHEN json_valid(s.options) THEN json_extract(s.options, '$.tags') END

-- Found in two indexes: what was done today is little of what there is.
-- name: costs.since
r.id IN (SELECT id FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running')
         UNION ALL
         SELECT id FROM runs INDEXED BY runs_ended
         WHERE finished_at IS NOT NULL AND finished_at >= :since)

-- Those that ended before a moment, or nobody knows when.
-- name: costs.ended_by
NOT ({live}) AND (r.finished_at IS NULL OR r.finished_at < :until)

-- name: costs.between
r.id IN (SELECT id FROM runs INDEXED BY runs_ended
         WHERE finished_at IS NOT NULL AND finished_at >= :since AND finished_at < :until)

-- When a run ended last, and the record of the last pruning.
-- name: last_end
SELECT (SELECT MAX(finished_at) FROM runs INDEXED BY runs_ended
        WHERE finished_at IS NOT NULL AND finished_at < 1e12),
       (SELECT MAX(link) FROM prunings);

-- name: count_ended_by
SELECT COUNT(*) FROM runs INDEXED BY runs_ended WHERE finished_at IS NOT NULL AND finished_at < ?;

-- The events of some runs of each session: from one number to another.
-- name: events_of_claims
SELECT e.seq, e.at, r.session, e.run, e.key, e.body
FROM json_each(?) AS asked
CROSS JOIN runs AS r ON r.session = json_extract(asked.value, '$[0]')
    AND r.number BETWEEN json_extract(asked.value, '$[1]') AND json_extract(asked.value, '$[2]')
CROSS JOIN events AS e ON e.run = r.id
ORDER BY r.number, e.seq;

-- Runs that were written together began at the same moment, one after another.
-- name: queued_as
(SELECT e.seq FROM events AS e WHERE e.run = r.id AND e.key = 'queued')

-- name: child_runs
SELECT s.key, s.spawn_key, s.label, r.id, r.status,
       COALESCE(CASE WHEN json_valid(s.options) THEN json_extract(s.options, '$.is_quiet') END, FALSE),
       s.digest, r.asked_by, r.finished_at, {killed_by}
FROM runs AS asking JOIN runs AS r ON r.asked_by = asking.id JOIN sessions AS s ON s.key = r.session
WHERE asking.session = :parent AND s.parent = :parent
ORDER BY r.created_at, {queued_as}, r.number, s.key;

-- Who has ended a run that was killed.
-- name: killed_by
CASE WHEN r.status = 'killed'
     THEN COALESCE((SELECT json_extract(CAST(e.body AS TEXT), '$.by') FROM events AS e
                    WHERE e.run = r.id AND e.key = 'finished' AND json_valid(CAST(e.body AS TEXT))), '')
     ELSE '' END

-- The children with these keys, and their retries, whose keys are in one range of the index.
-- name: children_named
WITH named (key) AS (
    SELECT s.key FROM json_each(:keys) AS asked CROSS JOIN sessions AS s
    WHERE s.parent = :parent AND s.spawn_key = asked.value
    UNION
    SELECT s.key FROM json_each(:keys) AS asked CROSS JOIN sessions AS s
    WHERE s.parent = :parent AND s.spawn_key > asked.value || '/retry-' AND s.spawn_key < asked.value || '/retry.'
)
SELECT s.key, s.spawn_key, s.label, r.id, r.status,
       COALESCE(CASE WHEN json_valid(s.options) THEN json_extract(s.options, '$.is_quiet') END, FALSE),
       s.digest, r.asked_by, r.finished_at, {killed_by}
FROM named JOIN sessions AS s ON s.key = named.key JOIN runs AS r ON r.session = s.key
    JOIN runs AS asking ON asking.id = r.asked_by
WHERE asking.session = :parent
ORDER BY r.created_at, {queued_as}, r.number, s.key;

-- name: changed_rows
SELECT r.session, e.seq, e.body
FROM json_each(?) AS asked JOIN runs AS r ON r.session = asked.value CROSS JOIN events AS e
WHERE e.run = r.id AND e.key > 'rows-changed/' AND e.key < 'rows-changed0'
ORDER BY e.seq;

-- name: statuses_of
SELECT id, status FROM runs WHERE id IN (SELECT value FROM json_each(?));

-- name: finished_of
SELECT run, seq, body FROM events WHERE key = 'finished' AND run IN (SELECT value FROM json_each(?));

-- Those of these runs whose histories have an event of this key.
-- name: given
SELECT run FROM events WHERE key = ? AND run IN (SELECT value FROM json_each(?));

-- A flow that is run again has what its earlier runs spawned.
-- name: spend_below
WITH RECURSIVE below (top, run) AS (
    SELECT asked_by, id FROM runs WHERE asked_by IN (SELECT value FROM json_each(:runs))
    UNION ALL
    SELECT top.id, r.id
    FROM runs AS top
    JOIN runs AS earlier ON earlier.session = top.session AND earlier.number < top.number
    JOIN runs AS r ON r.asked_by = earlier.id
    WHERE top.kind = 'flow' AND top.id IN (SELECT value FROM json_each(:runs))
    UNION ALL
    SELECT below.top, r.id FROM below JOIN runs AS r ON r.asked_by = below.run
)
SELECT top, {sums}
FROM (SELECT below.top, {is_whole} AS is_whole, {amounts}
      FROM below JOIN runs AS r ON r.id = below.run)
GROUP BY top;

-- What all runs of sessions used, and those of all sessions below them.
-- name: spent_in
WITH RECURSIVE below (top, key) AS (
    SELECT value, value FROM json_each(:sessions)
    UNION ALL
    SELECT below.top, child.key FROM below JOIN sessions AS child ON child.parent = below.key
)
SELECT top, {sums}
FROM (SELECT below.top, {is_whole} AS is_whole, {amounts}
      FROM below JOIN runs AS r ON r.session = below.key)
GROUP BY top;

-- For how long the runs were executed that ended in the sessions of these runs before them.
-- name: seconds_before
SELECT top.session, SUM(MAX(earlier.finished_at - earlier.started_at - earlier.idle_seconds, 0))
FROM runs AS top JOIN runs AS earlier ON earlier.session = top.session AND earlier.number < top.number
WHERE top.id IN (SELECT value FROM json_each(:runs))
  AND earlier.started_at IS NOT NULL AND earlier.finished_at IS NOT NULL
GROUP BY top.session;

-- name: open_account
INSERT INTO budget_accounts (scope, limit_nanousd, limit_tokens, on_limit) VALUES (?, ?, ?, ?)
ON CONFLICT (scope) DO UPDATE SET
    limit_nanousd = CASE WHEN {is_as_before} THEN limit_nanousd ELSE excluded.limit_nanousd END,
    limit_tokens = CASE WHEN {is_as_before} THEN limit_tokens ELSE excluded.limit_tokens END,
    raised_nanousd = CASE WHEN {is_as_before} THEN raised_nanousd ELSE 0 END,
    raised_tokens = CASE WHEN {is_as_before} THEN raised_tokens ELSE 0 END,
    on_limit = excluded.on_limit
WHERE NOT {is_as_before} OR on_limit != excluded.on_limit;

-- Who asks for the same budget again keeps what a person has added to it.
-- name: is_as_before
(limit_nanousd - raised_nanousd IS excluded.limit_nanousd
 AND limit_tokens - raised_tokens IS excluded.limit_tokens)

-- name: asked_budget
SELECT limit_nanousd - raised_nanousd, limit_tokens - raised_tokens
FROM budget_accounts WHERE scope = ?;

-- name: raise_account
UPDATE budget_accounts
SET limit_nanousd = limit_nanousd + :nanousd, raised_nanousd = raised_nanousd + :nanousd,
    limit_tokens = limit_tokens + :tokens, raised_tokens = raised_tokens + :tokens, noticed = 0
WHERE scope = :scope;

-- name: settle_account
UPDATE budget_accounts SET on_limit = ? WHERE scope = ?;

-- name: open_day_account
INSERT INTO budget_accounts
    (scope, limit_nanousd, limit_tokens, on_limit, spent_nanousd, spent_tokens)
VALUES (?, ?, ?, ?, ?, ?);

-- name: has_account
SELECT 1 FROM budget_accounts WHERE scope = ?;

-- name: has_day_limits
SELECT EXISTS (SELECT 1 FROM day_limits);

-- name: put_day_limit
INSERT INTO day_limits (scope, owner, limit_nanousd, limit_tokens, on_limit) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (scope, owner) DO UPDATE SET
    limit_nanousd = excluded.limit_nanousd, limit_tokens = excluded.limit_tokens,
    on_limit = excluded.on_limit;

-- name: day_limits_of
SELECT scope, limit_nanousd, limit_tokens, on_limit FROM day_limits WHERE owner = ?;

-- Those that hold: of the home, of live processes, and of those that have ended today. A process
-- that the store does not know yet has just begun.
-- name: day_limits
SELECT d.scope, d.limit_nanousd, d.limit_tokens, d.on_limit
FROM day_limits AS d LEFT JOIN owners AS o ON o.id = d.owner
WHERE o.id IS NULL OR o.state = 'live' OR o.heartbeat_at >= ?;

-- name: day_limit_setters
SELECT d.limit_nanousd, d.limit_tokens, d.owner, o.host, o.pid, o.state
FROM day_limits AS d LEFT JOIN owners AS o ON o.id = d.owner
WHERE d.scope = :scope AND (d.owner = '' OR o.state = 'live' OR o.heartbeat_at >= :midnight);

-- name: drop_day_limits
DELETE FROM day_limits
WHERE owner = :owner
   OR (owner <> '' AND NOT EXISTS (
       SELECT 1 FROM owners AS o
       WHERE o.id = day_limits.owner AND (o.state = 'live' OR o.heartbeat_at >= :midnight)));

-- name: lift_day_limits
DELETE FROM day_limits
WHERE scope = ? AND EXISTS (
    SELECT 1 FROM owners AS o WHERE o.id = day_limits.owner AND o.state <> 'live');

-- name: of_agent
(:agent = '' OR (r.session >= 'agent:' || :agent || ':' AND r.session < 'agent:' || :agent || ';'))

-- name: spent_by_runs_since
SELECT r.cost_nanousd, r.input_tokens + r.output_tokens + r.cache_read_tokens + r.cache_write_tokens
FROM runs AS r WHERE r.created_at >= :midnight AND {of_agent};

-- Of runs that began on an earlier day; a call belongs to the day on which it begins.
-- name: spent_by_replies_since
SELECT json_extract(json, '$.cost_nanousd'),
       json_extract(json, '$.usage.input_tokens') + json_extract(json, '$.usage.output_tokens')
       + json_extract(json, '$.usage.cache_read_tokens')
       + json_extract(json, '$.usage.cache_write_tokens')
FROM (SELECT e.at, CASE WHEN json_valid(CAST(e.body AS TEXT)) THEN CAST(e.body AS TEXT) ELSE '{}' END AS json
      FROM runs AS r JOIN events AS e ON e.run = r.id
      WHERE r.created_at < :midnight AND (r.finished_at IS NULL OR r.finished_at >= :midnight)
        AND e.at >= :midnight AND e.key GLOB 'turn-*/model' AND {of_agent})
WHERE at - json_extract(json, '$.seconds') >= :midnight;

-- name: accounts_above
WITH RECURSIVE above (session, key, parent) AS (
    SELECT key, key, parent FROM sessions WHERE key IN (SELECT value FROM json_each(?))
    UNION ALL
    SELECT above.session, s.key, s.parent FROM sessions AS s JOIN above ON s.key = above.parent
)
SELECT above.session, p.scope, p.limit_nanousd, p.limit_tokens, p.on_limit, p.spent_nanousd,
       p.spent_tokens, p.reserved_nanousd, p.reserved_tokens
FROM above JOIN budget_accounts AS p ON p.scope = 'session:' || above.key;

-- name: accounts_of
SELECT scope, limit_nanousd, limit_tokens, on_limit, spent_nanousd, spent_tokens,
       reserved_nanousd, reserved_tokens
FROM budget_accounts WHERE scope IN (SELECT value FROM json_each(?));

-- name: reserve
UPDATE budget_accounts SET reserved_nanousd = reserved_nanousd + ?, reserved_tokens = reserved_tokens + ?
WHERE scope = ?;

-- name: put_reservation
INSERT INTO reservations (run, scope, nanousd, tokens) VALUES (?, ?, ?, ?);

-- name: take_reservations
DELETE FROM reservations WHERE run IN (SELECT value FROM json_each(?))
RETURNING run, scope, nanousd, tokens;

-- name: reserving_runs
SELECT DISTINCT held.run FROM reservations AS held JOIN runs AS r ON r.id = held.run
WHERE r.owner = ?;

-- name: settle
UPDATE budget_accounts
SET reserved_nanousd = reserved_nanousd - (json_extract(paid.value, '$[1]')),
    reserved_tokens = reserved_tokens - (json_extract(paid.value, '$[2]')),
    spent_nanousd = spent_nanousd + (json_extract(paid.value, '$[3]')),
    spent_tokens = spent_tokens + (json_extract(paid.value, '$[4]'))
FROM json_each(?) AS paid
WHERE scope = json_extract(paid.value, '$[0]')
RETURNING scope, limit_nanousd, limit_tokens, spent_nanousd, spent_tokens, noticed;

-- name: notice_account
UPDATE budget_accounts SET noticed = MAX(noticed, ?) WHERE scope = ?;

-- name: accounts
SELECT scope, limit_nanousd, limit_tokens, on_limit, spent_nanousd, spent_tokens, reserved_nanousd,
       reserved_tokens
FROM budget_accounts ORDER BY scope;

-- name: throttle
SELECT body FROM throttles WHERE model = ?;

-- name: put_throttle
INSERT INTO throttles (model, body) VALUES (?, ?)
ON CONFLICT (model) DO UPDATE SET body = excluded.body;

-- name: throttles
SELECT body FROM throttles ORDER BY model;

-- name: unbegun
SELECT s.key, r.id FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.parent = ? AND r.number = 1 AND r.status = 'queued' AND r.started_at IS NULL
ORDER BY r.created_at, s.key;

-- name: live_children
SELECT s.key, s.options FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.parent = ? AND r.status IN ('queued', 'running')
  AND r.number = (SELECT MAX(number) FROM runs WHERE session = s.key)
ORDER BY r.created_at, s.key;

-- name: put_dead_letter
INSERT INTO dead_letters (run, session, agent, code, at)
SELECT r.id, s.key,
       COALESCE(CASE WHEN json_valid(CAST(a.body AS TEXT))
                     THEN json_extract(CAST(a.body AS TEXT), '$.name') END, ''),
       :code, r.finished_at
FROM runs AS r JOIN sessions AS s ON s.key = r.session JOIN agents AS a ON a.digest = s.agent
WHERE r.id = :run AND r.kind = 'agent' AND (s.parent = '' OR s.parent GLOB 'team:*' OR s.parent GLOB 'flow:*');

-- name: close_retried
UPDATE dead_letters SET dropped_at = ? WHERE retried_by = ? AND dropped_at IS NULL;

-- name: note_retry
UPDATE dead_letters SET retried_by = :by
WHERE run = :run OR (dropped_at IS NULL AND retried_by = (SELECT session FROM runs WHERE id = :run));

-- name: drop_dead_letters
UPDATE dead_letters SET dropped_at = ?
WHERE run IN (SELECT value FROM json_each(?)) AND dropped_at IS NULL
RETURNING run;

-- name: drop_old_dead_letters
DELETE FROM dead_letters WHERE at < ?;

-- name: dead_letters
SELECT d.run, d.at, d.retried_by
FROM dead_letters AS d JOIN sessions AS s ON s.key = d.session
{where}
ORDER BY d.at DESC, d.run;

-- name: dead_letters.kept
d.dropped_at IS NULL AND d.at >= :oldest

-- name: dead_letters.agent
d.agent = :agent

-- name: dead_letters.code
d.code = :code

-- name: dead_letters.tree
:tree IN (s.root, s.key)

-- name: dead_letters.run
d.run = :run

-- Tasks that were killed, as dead letters have those that failed, if they were not tried again.
-- name: killed_tasks
SELECT r.id, r.finished_at, NULL
FROM sessions AS s CROSS JOIN runs AS r ON r.session = s.key JOIN agents AS a ON a.digest = s.agent
{where}
ORDER BY r.finished_at DESC, r.id;

-- name: killed_tasks.latest
r.status = 'killed' AND r.kind = 'agent'
AND (s.parent = '' OR s.parent GLOB 'team:*' OR s.parent GLOB 'flow:*')
AND r.number = (SELECT MAX(number) FROM runs WHERE session = s.key)
AND NOT EXISTS (SELECT 1 FROM {tries_after})

-- name: killed_tasks.since
r.finished_at >= :since

-- name: killed_tasks.agent
json_valid(CAST(a.body AS TEXT)) AND json_extract(CAST(a.body AS TEXT), '$.name') = :agent

-- name: killed_tasks.code
r.error_code = :code

-- name: killed_tasks.tree
s.key IN (SELECT key FROM sessions WHERE root = :tree UNION ALL SELECT :tree)

-- name: killed_tasks.run
r.id = :run

-- name: asked_and_ended
SELECT seq, body FROM events
WHERE key IN ('queued', 'finished') AND run IN (SELECT value FROM json_each(?));

-- name: cached_reply
SELECT body FROM replies WHERE key = :key AND at >= :oldest AND expires_at > :now;

-- name: keep_reply
INSERT INTO replies (key, body, at, expires_at) VALUES (:key, :body, :now, :expires_at)
ON CONFLICT (key) DO UPDATE SET body = excluded.body, at = excluded.at,
    expires_at = excluded.expires_at;

-- name: drop_expired_replies
DELETE FROM replies WHERE expires_at <= ?;

-- name: put_link
INSERT INTO links (first_seq, last_seq, hash) VALUES (?, ?, ?);

-- name: links
SELECT number, first_seq, last_seq, hash FROM links WHERE number >= ? ORDER BY number;

-- The last event before the chain's first link.
-- name: first_link
SELECT last_seq FROM links ORDER BY number LIMIT 1;

-- name: events_from
SELECT seq, at, run, key, body FROM events WHERE seq > ? ORDER BY seq;

-- name: count_events_until
SELECT COUNT(*) FROM events WHERE seq <= ?;

-- name: size_until
SELECT COUNT(*), COALESCE(SUM(length(body)), 0) FROM events WHERE seq <= ?;

-- name: count_runs
SELECT COUNT(*) FROM runs;

-- name: projected_runs
SELECT r.id, r.kind, r.status, r.title, r.model, r.epoch, r.attempts, r.calls, r.input_tokens,
       r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cost_nanousd, r.unpriced_calls,
       r.error_code, r.created_at, r.started_at, r.finished_at, s.killed
FROM runs AS r LEFT JOIN sessions AS s ON s.key = r.session
{where}
ORDER BY r.id;

-- name: projected_runs.open
r.id IN (SELECT value FROM json_each(:runs))

-- Runs that had not ended by an event.
-- name: open_runs
SELECT id FROM runs
WHERE id NOT IN (SELECT run FROM events INDEXED BY events_by_key
                 WHERE key = 'finished' AND seq <= :seq);

-- The rows of the others, except for what may still change.
-- name: settled_rows
SELECT r.id, r.session, r.number, r.kind, r.status, r.title, r.model, r.epoch, r.attempts, r.calls,
       r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.cost_nanousd,
       r.unpriced_calls, r.error_code, r.created_at, r.started_at, r.finished_at
FROM events AS e INDEXED BY events_by_key LEFT JOIN runs AS r ON r.id = e.run
WHERE e.key = 'finished' AND e.seq <= :seq ORDER BY e.run;

-- name: projecting_events
SELECT e.run, e.seq, e.at, e.body FROM events AS e
{where}
ORDER BY e.run;

-- name: projecting_events.keys
(e.key IN ('queued', 'finished') OR e.key GLOB 'started-*' OR e.key GLOB 'attempt-*'
 OR e.key GLOB 'turn-*/model')

-- name: projecting_events.open
e.run IN (SELECT value FROM json_each(:runs))

-- name: runs_without_row
SELECT DISTINCT run FROM events AS e
WHERE seq > :seq AND NOT EXISTS (SELECT 1 FROM runs WHERE id = e.run);

-- name: checkpoint
SELECT number, hash, last_seq, events, bytes, rows_hash, at FROM checkpoints
ORDER BY number DESC LIMIT 1;

-- name: drop_checkpoints
DELETE FROM checkpoints;

-- name: put_checkpoint
INSERT INTO checkpoints (number, hash, last_seq, events, bytes, rows_hash, at)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- The partial index `questions` finds these without reading other events.
-- name: open_questions
SELECT e.seq, e.at, r.session, e.run, e.key, e.body
FROM events AS e JOIN runs AS r ON r.id = e.run
WHERE e.key GLOB '*/asked' AND r.status IN ('queued', 'running')
  AND NOT EXISTS (SELECT 1 FROM events AS answered
                  WHERE answered.run = e.run
                    AND answered.key = substr(e.key, 1, length(e.key) - 5) || 'answered')
ORDER BY e.seq;

-- name: question
SELECT e.seq, e.at, r.session, e.run, e.key, e.body, r.status
FROM events AS e JOIN runs AS r ON r.id = e.run
WHERE e.seq = ? AND e.key GLOB '*/asked';

-- name: event_of
SELECT seq, body FROM events WHERE run = ? AND key = ?;

-- name: state_of_key
SELECT key, version, at, by, value FROM state WHERE tree = ? AND key = ?;

-- name: state_of_tree
SELECT key, version, at, by, value FROM state
WHERE tree = :tree AND key != '' AND substr(key, 1, length(:prefix)) = :prefix ORDER BY key;

-- name: state_version
SELECT version, bytes FROM state WHERE tree = ? AND key = ?;

-- name: state_size
SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM state WHERE tree = ? AND key != '';

-- name: state_sizes
SELECT key, version, bytes FROM state
WHERE tree = :tree AND key != '' AND substr(key, 1, length(:prefix)) = :prefix ORDER BY key;

-- name: drop_state
DELETE FROM state WHERE tree = ? AND key = ?;

-- name: put_state
INSERT INTO state (tree, key, version, bytes, at, by, value) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tree, key) DO UPDATE SET
    version = excluded.version, bytes = excluded.bytes, at = excluded.at, by = excluded.by,
    value = excluded.value;

-- name: state_write
SELECT version FROM state_writes WHERE run = ? AND call = ? AND tree = ? AND key = ?;

-- name: note_state_write
INSERT INTO state_writes (run, call, tree, key, version) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (run, call) DO UPDATE SET
    tree = excluded.tree, key = excluded.key, version = excluded.version;

-- name: note_artifact
INSERT INTO artifacts (tree, run, id, name, media_type, bytes, session, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tree, id, name, run) DO NOTHING;

-- name: artifact_size
SELECT COUNT(*), COALESCE(SUM(bytes), 0)
FROM (SELECT id, MAX(bytes) AS bytes FROM artifacts WHERE tree = ? GROUP BY id);

-- name: drop_artifact
DELETE FROM artifacts WHERE tree = ? AND id = ? AND name = ?;

-- name: live_of_root
SELECT 1 FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.root = ? AND r.status IN ('queued', 'running') LIMIT 1;

-- name: artifacts
SELECT id, name, media_type, bytes, tree, session, run, at FROM artifacts {where} ORDER BY seq;

-- name: artifacts.tree
tree = :tree

-- name: artifacts.runs
run IN (SELECT value FROM json_each(:runs))

-- Those of these contents that a record names, and each id that is none, whose content nobody knows.
-- name: referred_contents
SELECT DISTINCT id FROM artifacts
WHERE id IN (SELECT value FROM json_each(?)) OR typeof(id) <> 'text' OR length(id) <> 64;

-- Live runs of agents, counted by how they are doing. What a living process takes up counts as its own.
-- name: live_by_owner
WITH above (session, owner) AS MATERIALIZED (
    SELECT r.session, o.id
    FROM owners AS o JOIN runs AS r INDEXED BY runs_live ON r.owner = o.id AND {live}
    WHERE o.state = 'live' AND EXISTS (SELECT 1 FROM sessions AS below WHERE below.parent = r.session)),
found (owner, status, parent, is_paused, runs, since) AS (
    SELECT r.owner, r.status,
           CASE WHEN EXISTS (SELECT 1 FROM above)
                     AND EXISTS (SELECT 1 FROM owners WHERE owners.id = r.owner AND owners.state != 'live')
                THEN (SELECT parent FROM sessions WHERE key = r.session) END,
           (SELECT paused_by <> '' FROM sessions WHERE key = r.session),
           COUNT(*), MAX(CASE WHEN r.epoch = 0 THEN r.created_at END)
    FROM runs AS r INDEXED BY runs_live
    WHERE {live} AND r.kind = 'agent'
    GROUP BY 1, 2, 3, 4)
SELECT COALESCE(taker, owner), CASE WHEN taker IS NULL THEN status ELSE 'queued' END, SUM(runs),
       MAX(since), is_paused
FROM (SELECT found.*,
             (SELECT above.owner FROM above WHERE above.session = found.parent LIMIT 1) AS taker
      FROM found)
GROUP BY 1, 2, 5;

-- The living process that executes the parent of a run whose own process has ended: it continues the
-- run as soon as it has a slot for it.
-- name: taker
CASE WHEN EXISTS (SELECT 1 FROM owners WHERE owners.id = r.owner AND owners.state != 'live') THEN
    (SELECT above.owner
     FROM sessions AS s JOIN runs AS above ON above.session = s.parent
     JOIN owners ON owners.id = above.owner AND owners.state = 'live'
     WHERE s.key = r.session AND above.status IN ('queued', 'running') LIMIT 1)
END

-- name: takers
SELECT id, taker
FROM (SELECT r.id, {taker} AS taker FROM runs AS r
      WHERE r.id IN (SELECT value FROM json_each(?)) AND {live})
WHERE taker IS NOT NULL;

-- The partial index `runs_failed` finds these without reading other runs. What has gone on in a later run
-- of its session, or whose task was tried again, has not failed.
-- name: failed_and_left
runs AS r INDEXED BY runs_failed
WHERE r.finished_at >= :since AND r.status IN ('failed', 'timed_out', 'over_budget') AND r.kind IN ('agent', 'flow')
AND NOT EXISTS (SELECT 1 FROM runs AS later WHERE later.session = r.session AND later.number > r.number)
AND NOT EXISTS (SELECT 1 FROM {tries_after})

-- name: failed_since
SELECT r.status, r.error_code, COUNT(*), MAX(r.finished_at)
FROM {failed_and_left} AND r.session NOT IN (SELECT value FROM json_each(:uncounted))
GROUP BY r.status, r.error_code ORDER BY COUNT(*) DESC, r.error_code;

-- name: parents_of_failed
SELECT DISTINCT (SELECT parent FROM sessions WHERE key = r.session) AS parent
FROM {failed_and_left} AND parent IS NOT NULL;

-- The runs that are live, or have failed since then, whose commands hit a limit: of each limit the
-- last event that tells of it, and how many do.
-- name: limits_hit
SELECT r.session, s.spawn_key, s.parent, s.label, MAX(e.seq), e.body, COUNT(*)
FROM (SELECT id, session FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running')
      UNION ALL
      SELECT id, session FROM runs INDEXED BY runs_failed
      WHERE finished_at >= ? AND status IN ('failed', 'timed_out', 'over_budget') AND kind = 'agent')
     AS r
JOIN sessions AS s ON s.key = r.session
JOIN events AS e ON e.run = r.id AND e.key GLOB 'turn-*/limit-*'
GROUP BY r.id, substr(e.key, instr(e.key, '/limit-')) ORDER BY MAX(e.seq) DESC;

-- name: count_dead_letters
SELECT COUNT(*) FROM dead_letters WHERE dropped_at IS NULL AND at >= ?;

-- Which of some sessions are above others, however far.
-- name: above
WITH RECURSIVE up (session, above) AS (
    SELECT key, parent FROM sessions WHERE key IN (SELECT value FROM json_each(:sessions))
    UNION ALL
    SELECT up.session, s.parent FROM up JOIN sessions AS s ON s.key = up.above
)
SELECT session, above FROM up WHERE above IN (SELECT value FROM json_each(:among));

-- Of runs whose last call failed and is made again.
-- name: retries_of
SELECT e.run, e.seq, e.at, e.body
FROM json_each(?) AS asked CROSS JOIN events AS e
    ON e.seq = (SELECT MAX(own.seq) FROM events AS own WHERE own.run = asked.value AND {is_own_event})
WHERE e.key GLOB '*/retry-*';

-- What a run itself has written: not what others wrote to it.
-- name: is_own_event
own.key NOT GLOB 'noticed*' AND own.key NOT GLOB 'stuck-*'
AND (own.key NOT GLOB 'steer-*' OR own.key GLOB '*/delivered')

-- A run that a living process executes, and its last event.
-- name: silent_columns
r.id, r.session, s.spawn_key, s.parent, r.owner, r.epoch, s.label, r.model, e.seq, e.at, e.body,
       EXISTS (SELECT 1 FROM sessions AS below JOIN runs AS child ON child.session = below.key
               WHERE below.parent = r.session AND child.status IN ('queued', 'running'))
       AS has_children,
       EXISTS (SELECT 1 FROM events AS asked
               WHERE asked.run = r.id AND asked.key GLOB '*/asked' AND asked.key NOT GLOB 'stuck-*'
                 AND NOT EXISTS (SELECT 1 FROM events AS answered
                                 WHERE answered.run = r.id AND answered.key =
                                     substr(asked.key, 1, length(asked.key) - 5) || 'answered'))
       AS is_asking,
       CASE WHEN s.options GLOB '*"on_stuck"*' AND json_valid(s.options)
            THEN json_extract(s.options, '$.on_stuck') END,
       EXISTS (SELECT 1 FROM events AS told
               WHERE told.run = r.id AND (told.key GLOB 'noticed/stuck-' || e.seq || '-*'
                                          OR told.key GLOB 'stuck-' || e.seq || '-*'))
       AS was_told

-- name: silent_joined
JOIN owners AS o ON o.id = r.owner AND o.state = 'live'
JOIN sessions AS s ON s.key = r.session AND s.paused_by = ''
JOIN events AS e ON e.seq = (SELECT MAX(own.seq) FROM events AS own
                             WHERE own.run = r.id AND {is_own_event})
WHERE {live} AND r.status = 'running' AND r.kind = 'agent' AND e.at < :until

-- Those whose last events are old. Those that may be stuck come first, or many that wait would hide them.
-- name: silent_runs
SELECT {silent_columns}
FROM runs AS r INDEXED BY runs_live {silent_joined}
ORDER BY has_children OR is_asking OR e.key GLOB '*/waiting-*' OR e.key GLOB '*/retry-*', e.at
LIMIT :most;

-- The same of some runs only.
-- name: silent_of
SELECT {silent_columns}
FROM json_each(:runs) AS asked CROSS JOIN runs AS r ON r.id = asked.value {silent_joined};

-- The last runs of some of an agent's sessions, whose keys are in no order of time: an agent may have
-- many thousands.
-- name: last_ended_of
SELECT r.id
FROM (SELECT key FROM sessions
      WHERE key >= 'agent:' || :agent || ':' AND key < 'agent:' || :agent || ';' LIMIT 1000) AS s
JOIN runs AS r ON r.session = s.key
WHERE r.finished_at IS NOT NULL
ORDER BY r.finished_at DESC LIMIT :most;

-- When each event of some runs was written, whether the run waited for others after it, whether it
-- is a start, and for how long the run stood still before it.
-- name: event_times
SELECT e.run, e.at,
       e.key = 'queued' OR e.key GLOB '*/asked' OR e.key GLOB '*/waiting-*' OR e.key GLOB '*/retry-*',
       e.key GLOB 'started-*' OR e.key GLOB '*/answered',
       CASE WHEN json_valid(CAST(e.body AS TEXT))
            THEN json_extract(CAST(e.body AS TEXT), '$.parked_seconds') END
FROM events AS e
WHERE e.run IN (SELECT value FROM json_each(?)) ORDER BY e.run, e.seq LIMIT ?;

-- The budgets that live runs are charged to, and those of a day.
-- name: accounts_in_use
WITH RECURSIVE above (key, parent) AS (
    SELECT key, parent FROM sessions
    WHERE EXISTS (SELECT 1 FROM budget_accounts WHERE scope > 'session:' AND scope < 'session;')
      AND key IN (SELECT session FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running'))
    UNION
    SELECT s.key, s.parent FROM sessions AS s JOIN above ON s.key = above.parent
)
SELECT p.scope, p.limit_nanousd, p.limit_tokens, p.on_limit, p.spent_nanousd, p.spent_tokens,
       p.reserved_nanousd, p.reserved_tokens
FROM above JOIN budget_accounts AS p ON p.scope = 'session:' || above.key
UNION ALL
SELECT p.scope, p.limit_nanousd, p.limit_tokens, p.on_limit, p.spent_nanousd, p.spent_tokens,
       p.reserved_nanousd, p.reserved_tokens
FROM budget_accounts AS p WHERE p.scope = 'day:' || :day
UNION ALL
SELECT p.scope, p.limit_nanousd, p.limit_tokens, p.on_limit, p.spent_nanousd, p.spent_tokens,
       p.reserved_nanousd, p.reserved_tokens
FROM budget_accounts AS p
WHERE p.scope > 'agent:' AND p.scope < 'agent;' AND p.scope GLOB 'agent:*:' || :day;

-- What a session wants to have told; of the top of a tree that wants nothing, what the process wants.
-- name: wish
COALESCE(CASE WHEN top.options GLOB '*"notify"*' AND json_valid(top.options)
              THEN json_extract(top.options, '$.notify') END,
         CASE WHEN top.parent = '' THEN :unasked END)

-- name: put_wish
UPDATE sessions SET options = json_set(options, '$.notify', json(:wish))
WHERE key = :session AND json_valid(options);

-- The ends of sessions that somebody wants to be told of.
-- name: note_ends
INSERT INTO notifications (number, target, about, tree, run, at)
SELECT e.seq, json_extract({wish}, '$.to'), json_extract(ended.value, '$[2]'), top.key,
       json_extract(ended.value, '$[0]'), :now
FROM json_each(:ends) AS ended
JOIN sessions AS top ON top.key = json_extract(ended.value, '$[1]')
JOIN events AS e ON e.run = json_extract(ended.value, '$[0]') AND e.key = 'finished'
WHERE {wish} IS NOT NULL
  AND json_extract(ended.value, '$[2]') IN (SELECT value FROM json_each({wish}, '$.on'))
ON CONFLICT DO NOTHING;

-- Of a question the nearest session is told that wants to be: the one that asks, or one above it.
-- name: note_question
WITH RECURSIVE above (key, parent, options, distance) AS (
    SELECT key, parent, options, 0 FROM sessions WHERE key = :session
    UNION ALL
    SELECT s.key, s.parent, s.options, above.distance + 1
    FROM above JOIN sessions AS s ON s.key = above.parent
)
INSERT INTO notifications (number, target, about, tree, run, at)
SELECT e.seq, json_extract({wish}, '$.to'), 'needs_you', top.key, :run, :now
FROM above AS top
JOIN events AS e ON e.run = :run AND e.key = :key
WHERE {wish} IS NOT NULL
  AND 'needs_you' IN (SELECT value FROM json_each({wish}, '$.on'))
ORDER BY top.distance LIMIT 1
ON CONFLICT DO NOTHING;

-- name: is_due
((n.state = 'due' AND n.at <= :now)
 OR (n.state = 'sending'
     AND NOT EXISTS (SELECT 1 FROM owners AS o WHERE o.id = n.owner AND o.state = 'live')))

-- name: has_due
SELECT EXISTS (SELECT 1 FROM notifications AS n INDEXED BY notifications_open
               WHERE n.state IN ('due', 'sending') AND {is_due});

-- What is due, of the runs of one owner if it is named, and whether a question of it still waits. It
-- is little of each target, so that what is for one that hangs keeps nothing for others waiting.
-- name: due_notifications
SELECT n.number, n.target, n.about, n.tree, n.run, n.tries,
       EXISTS (SELECT 1 FROM events AS e JOIN runs AS r ON r.id = e.run
               WHERE e.seq = n.number AND {is_open_question})
FROM (SELECT n.*, ROW_NUMBER() OVER (PARTITION BY n.target ORDER BY n.number) AS place
      FROM notifications AS n INDEXED BY notifications_open
      WHERE n.state IN ('due', 'sending') AND {is_due}
        AND (:owner IS NULL OR EXISTS (SELECT 1 FROM runs AS r WHERE r.id = n.run AND r.owner = :owner))) AS n
WHERE n.place <= 16
ORDER BY n.number LIMIT 1000;

-- name: is_open_question
e.key GLOB '*/asked' AND r.status IN ('queued', 'running')
AND NOT EXISTS (SELECT 1 FROM events AS answered
                WHERE answered.run = e.run
                  AND answered.key = substr(e.key, 1, length(e.key) - 5) || 'answered')

-- The trees of which somebody was told a question that has no answer yet.
-- name: told_and_open
SELECT DISTINCT n.tree, n.target
FROM events AS e INDEXED BY questions JOIN runs AS r ON r.id = e.run
JOIN notifications AS n ON n.number = e.seq
WHERE {is_open_question} AND n.about = 'needs_you' AND n.state IN ('sent', 'sending');

-- name: take_notification
UPDATE notifications
SET state = :state, owner = :owner, tries = tries + (:state = 'sending')
WHERE number = :number AND target = :to;

-- name: end_notification
UPDATE notifications SET state = :state, error = :error, at = :at
WHERE number = :number AND target = :to;

-- name: unsent
SELECT COUNT(*), MAX(error) FROM notifications INDEXED BY notifications_failed
WHERE state = 'failed' AND at >= ?;

-- Trees, each with the latest end of its runs, the oldest first.
-- name: trees
SELECT s.root, COUNT(DISTINCT s.key), COUNT(*), MAX(COALESCE(r.finished_at, r.created_at)),
       SUM(CASE WHEN {is_whole} THEN r.cost_nanousd ELSE 0 END),
       SUM(CASE WHEN {is_whole} THEN {simulated} ELSE 0 END),
       MAX(CASE WHEN s.key = s.root THEN s.label END)
FROM sessions AS s JOIN runs AS r ON r.session = s.key
{where}
GROUP BY s.root ORDER BY 4, s.root;

-- The trees of which something ended by then; of the others nothing is old enough.
-- name: trees.ended_by
s.root IN (SELECT of.root
           FROM runs AS ended INDEXED BY runs_ended JOIN sessions AS of ON of.key = ended.session
           WHERE ended.finished_at IS NOT NULL AND ended.finished_at <= :until)

-- name: trees.roots
s.root IN (SELECT value FROM json_each(:roots))

-- The trees of the runs that ended first, after a moment and up to another.
-- name: roots_ended
SELECT s.root, r.finished_at
FROM runs AS r INDEXED BY runs_ended JOIN sessions AS s ON s.key = r.session
WHERE r.finished_at IS NOT NULL AND r.finished_at > :after AND r.finished_at <= :until
ORDER BY r.finished_at LIMIT :limit;

-- The trees of the runs that ended last.
-- name: roots_ended_last
SELECT s.root, r.finished_at
FROM runs AS r INDEXED BY runs_ended CROSS JOIN sessions AS s ON s.key = r.session
WHERE r.finished_at IS NOT NULL
ORDER BY r.finished_at DESC;

-- name: has_ended_after
SELECT EXISTS (SELECT 1 FROM sessions AS s JOIN runs AS r ON r.session = s.key
               WHERE s.root = ? AND r.finished_at > ?);

-- Trees of live runs, of runs that asked for them, and of those that they asked for.
-- name: trees_in_use
SELECT DISTINCT root FROM sessions
WHERE key IN (
    SELECT session FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running')
    UNION
    SELECT asking.session
    FROM runs AS live INDEXED BY runs_live JOIN runs AS asking ON asking.id IN (live.asked_by, live.request)
    WHERE live.status IN ('queued', 'running')
    UNION
    SELECT asked.session
    FROM runs AS live INDEXED BY runs_live JOIN runs AS asked ON asked.asked_by = live.id
    WHERE live.status IN ('queued', 'running'));

-- name: trees_live
SELECT DISTINCT root FROM sessions
WHERE key IN (SELECT session FROM runs INDEXED BY runs_live WHERE status IN ('queued', 'running'));

-- name: trees_with_letters
SELECT DISTINCT s.root FROM dead_letters AS d JOIN sessions AS s ON s.key = d.session
WHERE d.dropped_at IS NULL AND d.at >= ?;

-- name: trees_with_flows
SELECT DISTINCT s.root FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.key >= 'flow:' AND s.key < 'flow;' AND s.killed = 0
  AND r.status IN ('failed', 'timed_out', 'over_budget', 'partial')
  AND r.number = (SELECT MAX(number) FROM runs WHERE session = s.key);

-- name: trees_being_removed
SELECT tree, label, by, why FROM removing ORDER BY at, tree LIMIT ?;

-- name: count_being_removed
SELECT COUNT(*) FROM removing;

-- name: begin_removing
INSERT INTO removing (tree, label, by, why, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: end_removing
DELETE FROM removing WHERE tree = ?;

-- name: close_tree
UPDATE sessions SET killed = 1 WHERE root = ?;

-- The root's runs come first, so that what is left belongs to no list.
-- name: runs_of_tree
SELECT r.id, r.session, s.key = :tree
FROM sessions AS s JOIN runs AS r ON r.session = s.key
WHERE s.root = :tree ORDER BY s.key <> :tree, s.key, r.number DESC LIMIT :most;

-- name: size_of_run
SELECT COUNT(*), COALESCE(SUM(length(body)), 0) FROM events WHERE run = ?;

-- name: size_of_trees
SELECT COUNT(*), COALESCE(SUM(length(e.body)), 0)
FROM json_each(?) AS asked CROSS JOIN sessions AS s ON s.root = asked.value
CROSS JOIN runs AS r ON r.session = s.key CROSS JOIN events AS e ON e.run = r.id;

-- name: size_of_all
SELECT COUNT(*), COALESCE(SUM(length(body)), 0) FROM events;

-- name: all_roots
SELECT DISTINCT root FROM sessions;

-- name: seqs_of_runs
SELECT seq FROM events WHERE run IN (SELECT value FROM json_each(?)) ORDER BY seq;

-- name: events_between
SELECT seq, at, run, key, body FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq;

-- name: link
SELECT number, first_seq, last_seq, hash FROM links WHERE number = ?;

-- name: mark
SELECT number, last_seq, hash, (SELECT COALESCE(MAX(link), 0) FROM prunings)
FROM links WHERE number = COALESCE(?, (SELECT MAX(number) FROM links));

-- name: last_link
SELECT number, last_seq FROM links ORDER BY number DESC LIMIT 1;

-- name: first_link_number
SELECT number, last_seq FROM links ORDER BY number LIMIT 1;

-- name: pruned_link
SELECT events, rest FROM pruned_links WHERE link = ? ORDER BY pruning DESC LIMIT 1;

-- The last row of each link says what is left of it: SQLite takes the other columns from the row
-- with the maximum.
-- name: pruned_links
SELECT link, events, rest, MAX(pruning) FROM pruned_links WHERE link > ? GROUP BY link ORDER BY link;

-- name: count_pruned
SELECT COALESCE(SUM(events), 0)
FROM (SELECT events, MAX(pruning) FROM pruned_links GROUP BY link);

-- name: pruned_links_by_pruning
SELECT pruning, link, events, rest FROM pruned_links ORDER BY pruning, link;

-- name: put_pruned_link
INSERT INTO pruned_links (link, pruning, events, rest) VALUES (?, ?, ?, ?);

-- name: put_pruning
INSERT INTO prunings (link, body) VALUES (?, ?);

-- name: pruning
SELECT body FROM prunings WHERE link = ?;

-- name: prunings
SELECT link, body FROM prunings WHERE link > ? ORDER BY link;

-- name: add_pruned_spend
INSERT INTO pruned_spend (day, agent, runs, nanousd, simulated, tokens)
SELECT date(COALESCE(r.finished_at, r.created_at), 'unixepoch'), {agent_of_run}, COUNT(*),
       SUM(CASE WHEN {is_whole} THEN r.cost_nanousd ELSE 0 END),
       SUM(CASE WHEN {is_whole} THEN {simulated} ELSE 0 END),
       SUM(CASE WHEN {is_whole} THEN r.input_tokens + r.output_tokens + r.cache_read_tokens
                                     + r.cache_write_tokens ELSE 0 END)
FROM runs AS r WHERE r.id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2
ON CONFLICT (day, agent) DO UPDATE SET
    runs = runs + excluded.runs, nanousd = nanousd + excluded.nanousd,
    simulated = simulated + excluded.simulated, tokens = tokens + excluded.tokens;

-- The second part of a key: `agent:NAME:...`.
-- name: agent_of_run
substr(r.session, instr(r.session, ':') + 1,
       instr(substr(r.session, instr(r.session, ':') + 1), ':') - 1)

-- name: pruned_spend_of_day
SELECT COALESCE(SUM(nanousd), 0), COALESCE(SUM(tokens), 0) FROM pruned_spend
WHERE day = :day AND (:agent = '' OR agent = :agent);

-- name: pruned_spend
SELECT COALESCE(SUM(runs), 0), COALESCE(SUM(nanousd), 0), COALESCE(SUM(simulated), 0)
FROM pruned_spend;

-- name: prune_events
DELETE FROM events WHERE run IN (SELECT value FROM json_each(?));

-- name: prune_notifications
DELETE FROM notifications WHERE number IN (SELECT value FROM json_each(?));

-- name: prune_letters
DELETE FROM dead_letters WHERE run IN (SELECT value FROM json_each(?));

-- name: prune_writes
DELETE FROM state_writes WHERE run IN (SELECT value FROM json_each(?));

-- name: prune_reservations
DELETE FROM reservations WHERE run IN (SELECT value FROM json_each(?));

-- name: prune_runs
DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?));

-- name: prune_accounts
DELETE FROM budget_accounts
WHERE scope IN (SELECT 'session:' || s.key FROM json_each(?) AS gone CROSS JOIN sessions AS s ON s.key = gone.value
                WHERE NOT EXISTS (SELECT 1 FROM runs WHERE session = s.key));

-- name: prune_sessions
DELETE FROM sessions
WHERE key IN (SELECT value FROM json_each(?)) AND NOT EXISTS (SELECT 1 FROM runs WHERE session = key)
RETURNING key;

-- name: has_sessions
SELECT EXISTS (SELECT 1 FROM sessions WHERE root = ?);

-- name: prune_state
DELETE FROM state WHERE tree = ?;

-- name: prune_artifacts
DELETE FROM artifacts WHERE tree = ?;

-- The bytes of all events; only the lengths of bodies are read, but of each.
-- name: bytes_of_events
SELECT COALESCE(SUM(length(body)), 0) FROM events;

-- The mean of some events.
-- name: mean_bytes
SELECT AVG(length(e.body)) FROM json_each(?) AS asked CROSS JOIN events AS e ON e.seq = asked.value;

-- name: sizes
SELECT (SELECT COUNT(*) FROM events), (SELECT MIN(seq) FROM events), (SELECT MAX(seq) FROM events),
       (SELECT COUNT(*) FROM replies), (SELECT COALESCE(SUM(length(body)), 0) FROM replies),
       (SELECT COUNT(DISTINCT id) FROM artifacts),
       (SELECT COALESCE(SUM(bytes), 0) FROM (SELECT MAX(bytes) AS bytes FROM artifacts GROUP BY id)),
       (SELECT COUNT(*) FROM sessions), (SELECT COUNT(*) FROM runs),
       (SELECT COUNT(*) FROM sessions WHERE parent = ''),
       (SELECT at FROM events ORDER BY seq LIMIT 1), (SELECT at FROM events ORDER BY seq DESC LIMIT 1);

-- name: pages
SELECT (SELECT page_count FROM pragma_page_count()), (SELECT freelist_count FROM pragma_freelist_count()),
       (SELECT page_size FROM pragma_page_size()), (SELECT auto_vacuum = 2 FROM pragma_auto_vacuum());

-- Move pages from the end of the file into its holes, and cut it; does nothing in a file that was
-- made without that.
-- name: shrink_step
PRAGMA incremental_vacuum(1000);
