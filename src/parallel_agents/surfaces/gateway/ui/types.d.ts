/** Types: the documents of the API as the page reads them; docs/openapi.json describes them whole. */

export interface Money {
  amount: string;
  currency: string;
}

export interface Row {
  id: string;
  session_key: string;
  run_id: string;
  agent: string;
  label: string;
  parent: string | null;
  forked_from?: ForkedFrom | null;
  depth: number;
  kind: string;
  status: string;
  state?: string;
  attention?: string;
  needs?: Record<string, number>;
  retry?: { attempt: number; error: { code: string; message: string }; again_at: string | null } | null;
  paused_by?: string;
  is_former_try?: boolean;
  is_uncounted?: boolean;
  is_stopped: boolean;
  queued_after: number;
  doing: string;
  is_stuck: boolean;
  silent_seconds: number | null;
  lacks: string;
  model: string;
  calls: number;
  tokens: number;
  cost: Money | null;
  known_cost: Money;
  simulated_cost: Money | null;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  timed_from?: string | null;
  seconds?: number | null;
  error_code: string;
  counts?: Record<string, number>;
  later_counts?: Record<string, number>;
  asks?: string;
  whole_cost?: Money | null;
  whole_known_cost?: Money;
  whole_simulated_cost?: Money | null;
  whole_calls?: number;
  whole_tokens?: number;
  tags?: string[];
  budget?: Budget | null;
  usual?: { seconds: number; from_seconds: number; to_seconds: number; runs: number } | null;
  waited_seconds?: number | null;
  has_plan?: boolean;
}

export interface Step {
  name: string;
  label: string;
  kind: string;
  state: string;
  began_at: string | null;
  seconds: number | null;
  text: string;
  calls: number;
  cost: Money | null;
  known_cost: Money;
  simulated_cost: Money | null;
  session_key: string | null;
}

export interface ForkedFrom {
  id: string;
  session_key: string;
  label: string;
  turn: number;
  is_asked_again: boolean;
  edited?: { call: number; tool: string } | null;
}

export interface TurnDoc {
  turn: number;
  run_id: string;
  run_turn: number;
  seq: number;
  at: string | null;
  model: string;
  said: string;
  calls: string[];
  is_whole: boolean;
}

export interface Budget {
  limit: Money | null;
  spent: Money | null;
  reserved: Money | null;
  limit_tokens: number | null;
  spent_tokens: number;
  reserved_tokens: number;
  spent_percent: number;
  on_limit: 'finish' | 'stop' | 'ask';
}

export interface Failure {
  code: string;
  message: string;
  why: string;
  hint: string;
}

/** The members of an event's body that the page reads; `kind` says which there are. */
export interface Body {
  kind: string;
  [member: string]: any;
}

export interface EventDoc {
  seq: number;
  at: string | null;
  session_key: string;
  run_id: string;
  key: string;
  event: Body;
}

/** All lanes of a run; each event is the steps of its number and its milliseconds, the numbers of its session and kind, and its facts. */
export interface LanesDoc {
  began_at: string | null;
  seq: number;
  sessions: string[];
  kinds: string[];
  events: [number, number, number, number, ...any[]][];
  left: number;
  /** In an exported file, the events themselves. */
  whole?: EventDoc[];
}

export interface Page<T> {
  as_of: string | null;
  truncated: boolean;
  counts: { items: number; total: number | null };
  next: string | null;
  items: T[];
  seq?: number;
  earlier?: number;
}

export interface Result {
  label: string;
  agent: string;
  status: string;
  output: unknown;
  text: string;
  error: Failure | null;
  notices: string[];
  score: number | null;
  changes: { files: number; added: number; removed: number } | null;
  artifacts: { id: string; name: string; media_type: string; bytes: number }[];
  model: string;
  cost: Money | null;
  known_cost: Money;
  simulated_cost: Money | null;
  seconds: number;
  attempts: number;
  session_key: string;
  run_id: string;
}

export interface Question {
  id: string;
  session_key: string;
  run_id: string;
  kind: string;
  text: string;
  tool: string;
  arguments: Record<string, unknown>;
  rule: string;
  choices: string[];
  default: string;
  runs?: number;
  name?: string;
  label?: string;
  asked_at: string | null;
  expires_at: string | null;
}

export interface Bar {
  kind: 'model' | 'tool' | 'slot' | 'limit' | 'backoff' | 'you' | 'children';
  from: number;
  to: number | null;
  text: string;
  tier: number;
  failed: boolean;
}

export interface Mark {
  at: number;
  glyph: string;
  text: string;
}

export interface Lane {
  key: string;
  bars: Bar[];
  /** Those of them that have no end yet. */
  open: Bar[];
  marks: Mark[];
  from: number;
  to: number | null;
  isGroup: boolean;
  /** The last score of its answer. */
  score: number | null;
}

export interface Entry {
  seq: number;
  at: number | null;
  kind: string;
  title: string;
  text: string;
  note: string;
  attempt: number;
  raw: EventDoc;
  thinking?: string;
  calls?: { name: string; arguments: string }[];
  failure?: Failure | null;
  isError?: boolean;
  /** What was taken over from a session that this one is forked from. */
  copied?: { role: string; text: string }[];
}

export interface Letter {
  id: string;
  session_key: string;
  run_id: string;
  parent: string | null;
  agent: string;
  label: string;
  status: string;
  error: { code: string; message: string } | null;
  at: string | null;
  model: string;
  text: string;
  input: Record<string, unknown>;
  attempts: number;
  calls: number;
  cost: Money | null;
  simulated_cost: Money | null;
  retried_by: string | null;
}

export interface Retried {
  dry_run: boolean;
  first_calls_at_most: Money | null;
  unpriced: number;
  retries: { id: string; label: string; model: string; session_key: string | null; is_new: boolean; error: { code: string; message: string } | null }[];
  warning: string;
}

export interface Waste {
  cost: Money | null;
  known_cost: Money | null;
  simulated_cost: Money | null;
  unpriced_calls: number;
  share: number | null;
}

export interface CostSum {
  name: string | null;
  runs: number;
  accepted: number;
  cost: Money | null;
  simulated_cost: Money | null;
  unpriced_calls: number;
  known_cost: Money | null;
  cost_per_accepted: Money | null;
  wasted: Waste;
  tokens: number;
}

export interface AgentCost {
  agent: string;
  runs: number;
  accepted: number;
  cost: Money | null;
  simulated_cost: Money | null;
  unpriced_calls: number;
  known_cost: Money | null;
  cost_per_accepted: Money | null;
  wasted: Waste;
  models: { model: string; tried: number; accepted: number; cost: Money | null; simulated_cost: Money | null; unpriced_calls: number; known_cost: Money | null; tokens: number }[];
}

export interface Costs {
  sum: CostSum;
  agents: AgentCost[];
  sums: CostSum[];
  unanswered_calls: number;
}

export interface AgentVersion {
  version: number;
  at: string | null;
  origin: string;
  score: number | null;
  passed: number | null;
  cases: number;
  model: string;
  note: string;
  in_effect: boolean;
  patch: string;
}

export interface GivenAnswer {
  id: string;
  session_key: string;
  run_id: string;
  label: string;
  kind: string;
  text: string;
  tool: string;
  answer: string;
  note: string;
  by: string;
  at: string | null;
}

export interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  description?: string;
  title?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
}

export interface Field {
  path: string[];
  name: string;
  kind: 'text' | 'choice' | 'number' | 'integer' | 'boolean' | 'lines' | 'json';
  isRequired: boolean;
  isNeeded: boolean;
  description: string;
  choices: unknown[];
  initial: string;
}

export interface Priced {
  tasks: { label: string; agent: string; model: string; tasks: number; tasks_at_most: number; open_list: string | null; first_call_at_most: Money | null; likely: Money | null; from_runs: number; is_simulated: boolean }[];
  first_calls_at_most: Money | null;
  first_calls_unknown: number;
  likely: Money | null;
  likely_unknown: number;
  budget_usd: number | null;
  budget_tokens: number | null;
  worst_case_usd: number | null;
  worst_case_tokens: number | null;
  is_sketch: boolean;
  notes: string[];
  missing_keys: string[];
}

export interface Sign {
  about: string;
  level: 'ok' | 'note' | 'problem';
  text: string;
  hint: string;
  session_key?: string;
}

export interface Limit {
  model: string;
  requests: number;
  requests_per_minute: number | null;
  tokens: number;
  tokens_per_minute: number | null;
  source: string | null;
  in_flight: number;
  window: number | null;
  waiting: number;
  closed_until: string | null;
  failures: number;
  breaker: string;
  breaker_open_until: string | null;
}

export interface Decision {
  seq: number;
  at: string | null;
  who: string;
  what: string;
  why: string;
  label: string;
  session_key: string;
  run_id: string;
  key: string;
}

/** One side of a comparison; what is unknown is null. */
export interface Side {
  id: string;
  session_key: string;
  run_id: string;
  attempt: number | null;
  label: string;
  agent: string;
  kind: string;
  status: string;
  is_live: boolean;
  created_at: string | null;
  seconds: number | null;
  cost: Money | null;
  simulated_cost: Money | null;
  whole_calls: number;
  whole_tokens: number;
  whole_cost: Money | null;
  whole_simulated_cost: Money | null;
  score: number | null;
  attempts: number;
  error: { code: string; message: string } | null;
}

export interface ComparedRow {
  depth: number;
  label: string;
  agent: string;
  a: Side | null;
  b: Side | null;
  step: number | null;
  part: string | null;
  what: string;
  changed: string[];
  why: string;
}

export interface Words {
  what: string;
  before: string | null;
  after: string | null;
  diff: import('./text_diff.js').Diff | null;
}

export interface ChangedInput {
  of: string;
  name: string;
  before: string | null;
  after: string | null;
  diff: import('./text_diff.js').Diff | null;
  sessions: number;
  labels: string[];
}

export interface Comparison {
  a: Side;
  b: Side;
  is_live: boolean;
  divergence: (ComparedRow & { words: Words | null; then: Words | null }) | null;
  changed: ChangedInput[];
  changed_total: number;
  rows: ComparedRow[];
  rows_total: number;
  identical: number;
  output: import('./text_diff.js').Diff | null;
  not_read: number[];
}
