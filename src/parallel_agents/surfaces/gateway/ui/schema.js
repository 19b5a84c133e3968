// @ts-check
/** Schema: the fields of a form made from an input schema, and the values that texts in them stand for. */

/** @typedef {import('./types').Schema} Schema */
/** @typedef {import('./types').Field} Field */

const DEEPEST = 4;
const KINDS = /** @type {Record<string, Field['kind']>} */ ({ string: 'text', number: 'number', integer: 'integer', boolean: 'boolean' });
const SCALARS = new Set(['string', 'number', 'integer', 'boolean']);

/** The fields of a schema, required ones first. @param {Schema | null | undefined} schema @returns {Field[]} */
export function fieldsOf(schema) {
  return sorted(within(schema ?? {}, [], true, 0));
}

/** @param {Field[]} fields */
function sorted(fields) {
  return [...fields.filter((field) => field.isNeeded), ...fields.filter((field) => !field.isNeeded)];
}

/** @param {Schema} schema @param {string[]} path @param {boolean} isNeeded @param {number} depth @returns {Field[]} */
function within(schema, path, isNeeded, depth) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, given]) => {
    const { schema: part, isNullable } = single(given);
    const place = [...path, name];
    const isRequired = required.has(name) && !isNullable;
    if (part.type === 'object' && part.properties && depth < DEEPEST) return within(part, place, isNeeded && isRequired, depth + 1);
    return [{ path: place, name: place.join('.'), ...kindOf(part), isRequired, isNeeded: isNeeded && isRequired && given.default === undefined, description: given.description ?? part.description ?? given.title ?? '', initial: '' }]
      .map((field) => ({ ...field, initial: given.default === undefined ? (field.kind === 'boolean' && field.isNeeded ? 'false' : '') : textOf(field, given.default) }));
  });
}

/** A schema without the null that it may be. @param {Schema} schema */
function single(schema) {
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    const left = options.filter((option) => option.type !== 'null');
    return { schema: left.length === 1 ? left[0] : {}, isNullable: left.length < options.length };
  }
  if (!Array.isArray(schema.type)) return { schema, isNullable: false };
  const left = schema.type.filter((type) => type !== 'null');
  return { schema: { ...schema, type: left.length === 1 ? left[0] : undefined }, isNullable: left.length < schema.type.length };
}

/** @param {Schema} schema @returns {{kind: Field['kind'], choices: unknown[]}} */
function kindOf(schema) {
  if (schema.const !== undefined) return { kind: 'choice', choices: [schema.const] };
  if (schema.enum) return { kind: 'choice', choices: schema.enum.filter((value) => value !== null) };
  const type = typeof schema.type === 'string' ? schema.type : '';
  if (type === 'array' && schema.items && SCALARS.has(String(schema.items.type)) && schema.items.type === 'string') return { kind: 'lines', choices: [] };
  return { kind: KINDS[type] ?? 'json', choices: [] };
}

/** @param {{kind: Field['kind']}} field @param {unknown} value */
function textOf(field, value) {
  if (value === null || value === undefined) return '';
  if (field.kind === 'lines' && Array.isArray(value)) return value.join('\n');
  if (field.kind === 'choice' || field.kind === 'json') return JSON.stringify(value);
  return String(value);
}

/** What is missing of inputs of which a schema requires one or another; empty if nothing is.
 * @param {Schema | null | undefined} schema @param {Record<string, unknown>} values */
export function lacking(schema, values) {
  const options = (schema?.anyOf ?? []).map((option) => option.required ?? []);
  if (!options.length || options.some((names) => names.every((name) => Object.hasOwn(values, name)))) return '';
  return `needs ${options.map((names) => names.join(' and ').replaceAll('_', ' ')).join(' or ')}`;
}

/** What the agents of a team's tasks need one or another of, in terms of the team's inputs.
 * @param {{agent: string, input?: Record<string, unknown>}[]} tasks @param {Map<string, Schema | null>} schemas by the names of agents
 * @returns {Schema[]} */
export function neededBy(tasks, schemas) {
  const found = tasks.flatMap((task) => {
    const passed = new Map(Object.entries(task.input ?? {}).map(([field, value]) => [field, /^\$\{(\w+)\}$/.exec(String(value))?.[1]]));
    const options = (schemas.get(task.agent)?.anyOf ?? []).map((option) => (option.required ?? []).map((name) => passed.get(name)));
    return options.length && options.every((names) => names.length && names.every(Boolean)) ? [JSON.stringify(options)] : [];
  });
  return [...new Set(found)].map((options) => ({ anyOf: JSON.parse(options).map((/** @type {string[]} */ required) => ({ required })) }));
}

/** What texts in fields stand for; `faults` says what is wrong, by the names of fields. Empty fields are left out.
 * @param {Field[]} fields @param {Record<string, string>} texts
 * @returns {{values: Record<string, unknown>, faults: Record<string, string>}} */
export function valuesOf(fields, texts) {
  /** @type {Record<string, unknown>} */
  const values = {};
  /** @type {Record<string, string>} */
  const faults = Object.create(null);
  for (const field of fields) {
    const text = texts[field.name] ?? field.initial;
    const { value, fault } = valueOf(field, text);
    if (fault) faults[field.name] = fault;
    else if (value === undefined) {
      if (field.isNeeded) faults[field.name] = 'is required';
    } else put(values, field.path, value);
  }
  return { values, faults };
}

/** Texts by the names of fields, which may be those that every object has, such as `constructor`.
 * @param {unknown} found what a page kept @returns {Record<string, string>} */
export function textsOf(found) {
  const texts = /** @type {Record<string, string>} */ (Object.create(null));
  for (const [name, text] of Object.entries(found ?? {})) if (typeof text === 'string') texts[name] = text;
  return texts;
}

/** @param {Field} field @param {string} text @returns {{value?: unknown, fault?: string}} */
function valueOf(field, text) {
  if (field.kind === 'text') return text === '' ? {} : { value: text };
  const trimmed = text.trim();
  if (trimmed === '') return {};
  if (field.kind === 'boolean') return { value: trimmed === 'true' };
  if (field.kind === 'lines') return { value: text.split('\n').map((line) => line.trim()).filter(Boolean) };
  if (field.kind === 'number' || field.kind === 'integer') {
    const value = Number(trimmed);
    if (!Number.isFinite(value)) return { fault: 'is not a number' };
    return field.kind === 'integer' && !Number.isSafeInteger(value) ? { fault: 'is not a whole number' } : { value };
  }
  try {
    return { value: JSON.parse(trimmed) };
  } catch (error) {
    return { fault: `is not JSON: ${error instanceof Error ? error.message : ''}` };
  }
}

/** @param {Record<string, unknown>} values @param {string[]} path @param {unknown} value */
function put(values, path, value) {
  let place = values;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(place, name)) Object.defineProperty(place, name, { value: {}, enumerable: true, writable: true, configurable: true });
    place = /** @type {Record<string, unknown>} */ (place[name]);
  }
  Object.defineProperty(place, path[path.length - 1], { value, enumerable: true, writable: true, configurable: true });
}
