// @ts-check
/** Stored columns: the documents of an exported file, from the columns as which they are written.
 * A part is a line: a form is a document with 0 in place of each value, and has a list of values for each. */

/** @typedef {any[] | {of: any[], at: number[]}} Column */
/** @typedef {{forms: string[], order: number[], columns: Record<string, Column[]>, texts: string[]}} Part */

/** Tell each document of a stream in its order. @param {string} lines @param {(document: any) => void} tell */
export function eachDocument(lines, tell) {
  /** @type {any[]} */
  const forms = [];
  /** @type {string[]} */
  const texts = [];
  for (let from = 0; from < lines.length;) {
    const end = lines.indexOf('\n', from);
    const part = JSON.parse(lines.slice(from, end));
    from = end + 1;
    for (const form of part.forms) forms.push(JSON.parse(form));
    eachOfPart(part, forms, texts, tell);
  }
}

/** @param {Part} part @param {any[]} forms @param {string[]} texts @param {(document: any) => void} tell */
function eachOfPart(part, forms, texts, tell) {
  let next = texts.length;
  for (const text of part.texts) texts.push(text);
  const said = (/** @type {any} */ value) => (Array.isArray(value) ? texts[value.length ? value[0] : next++] : value);
  /** @type {Map<number, {columns: ((at: number) => any)[], at: number}>} */
  const read = new Map();
  for (const number of Object.keys(part.columns)) read.set(Number(number), { columns: part.columns[number].map((column) => readerOf(column, said)), at: 0 });
  for (const number of part.order) {
    const found = /** @type {{columns: ((at: number) => any)[], at: number}} */ (read.get(number));
    place = 0;
    tell(filled(forms[number], found.columns, found.at));
    found.at += 1;
  }
}

/** @param {Column} column @param {(value: any) => any} said */
function readerOf(column, said) {
  if (!Array.isArray(column)) {
    const of = column.of.map(said);
    return (/** @type {number} */ at) => of[column.at[at]];
  }
  const values = column.map(said);
  return values.length === 1 ? () => values[0] : (/** @type {number} */ at) => values[at];
}

let place = 0;

/** @param {any} form @param {((at: number) => any)[]} columns @param {number} at @returns {any} */
function filled(form, columns, at) {
  if (form === 0) return columns[place++](at);
  if (Array.isArray(form)) return form.map((below) => filled(below, columns, at));
  /** @type {Record<string, any>} */
  const made = {};
  for (const name in form) made[name] = filled(form[name], columns, at);
  return made;
}
