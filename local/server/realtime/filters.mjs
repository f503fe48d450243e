/**
 * The filter of a binding, `column=operator.value`. Postgres compares, with the column's own type,
 * so that 10 is more than 9 and a timestamp is before another one in whatever zone it was written.
 */

const COMPARISONS = { eq: "=", neq: "<>", lt: "<", lte: "<=", gt: ">", gte: ">=" };
const MAX_IN_VALUES = 100;

export class FilterError extends Error {}

/**
 * @param {string | undefined} text
 * @returns {{column: string, operator: string, value: string} | null} null: everything passes
 * @throws {FilterError}
 */
export function parseFilter(text) {
  if (text === undefined || text === null || text === "") return null;
  const [, column, operator, value] = /^([^=]+)=([a-z]+)\.(.*)$/s.exec(text) ?? [];
  if (operator === "in") return { column, operator, value: arrayLiteral(text, value) };
  if (operator in COMPARISONS) return { column, operator, value };
  throw new FilterError(
    `Error parsing \`filter\` params: ${JSON.stringify(text)} is not column=operator.value ` +
      `with one of eq, neq, lt, lte, gt, gte, in`,
  );
}

function arrayLiteral(text, value) {
  const [, list] = /^\((.*)\)$/s.exec(value) ?? [];
  if (list === undefined)
    throw new FilterError(
      `Error parsing \`filter\` params: the value of \`in\` in ${JSON.stringify(text)} needs parentheses`,
    );
  return `{${list}}`;
}

/**
 * @param {{operator: string}} filter
 * @param {string} left SQL expression of the column's type
 * @param {string} type SQL name of the column's type
 * @param {string} parameter such as "$3", bound to the filter's value as text
 * @returns {string} SQL expression, null where a side is null
 */
export function comparison({ operator }, left, type, parameter) {
  if (operator === "in") return `${left} = any (${parameter}::text::${type}[])`;
  return `${left} ${COMPARISONS[operator]} ${parameter}::text::${type}`;
}

/**
 * Has Postgres compare once, so that a value that is none of the column's type is refused at the
 * subscription and not at some later change.
 *
 * @param {import("postgres").Sql} sql
 * @throws {FilterError}
 */
export async function checkFilter(sql, filter, type) {
  const size = filter.operator === "in" ? `cardinality($1::text::${type}[])` : "1";
  const expression = comparison(filter, `null::${type}`, type, "$1");
  const [{ count }] = await sql
    .unsafe(`select ${size} as count, ${expression}`, [filter.value])
    .catch((error) => {
      throw new FilterError(error.message);
    });
  if (count > MAX_IN_VALUES)
    throw new FilterError(`too many values for \`in\` filter. Maximum ${MAX_IN_VALUES}`);
}
