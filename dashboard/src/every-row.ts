/** Reads all rows of a table, where one answer holds only so many: a project cuts longer ones without a word. */

const PAGE = 1_000;

/**
 * @param read gives the rows from one index to another, both included; fewer where the project cuts more
 * @param most after which it stops
 */
export async function everyRow<Row>(
  read: (from: number, to: number) => PromiseLike<readonly Row[]>,
  most = Number.POSITIVE_INFINITY,
): Promise<Row[]> {
  const rows: Row[] = [];
  while (rows.length < most) {
    const page = await read(rows.length, Math.min(rows.length + PAGE, most) - 1);
    if (page.length === 0) break;
    rows.push(...page);
  }
  return rows;
}
