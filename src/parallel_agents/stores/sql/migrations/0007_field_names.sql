-- The field's names: a budget is an account, a session has options, an owner a heartbeat.
ALTER TABLE purses RENAME TO budget_accounts;
ALTER TABLE sessions RENAME COLUMN traits TO options;
ALTER TABLE owners RENAME COLUMN beat_at TO heartbeat_at;
UPDATE runs SET kind = 'agent' WHERE kind = 'subagent';
