import { ModelName } from "../../parts/model-name";
import type { TallyRow } from "./leaderboard-data";
import { meeting } from "./ranks";

/** Rows against columns: the share of battles won, ties as half. */
export function WinMatrix({ models, tallies }: { models: readonly string[]; tallies: readonly TallyRow[] }) {
  if (models.length < 2) return null;
  return (
    <section className="stack" aria-labelledby="matrix">
      <h2 id="matrix">Who beats whom</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section className="win-matrix" aria-label="Who beats whom, as a table" tabIndex={0}>
        <table>
          <caption className="small muted">
            Share of battles that the row's model won against the column's, ties as half; below it won · tied
            · lost.
          </caption>
          <thead>
            <tr>
              <td />
              {models.map((model) => (
                <th key={model} scope="col">
                  <ModelName id={model} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {models.map((row) => (
              <tr key={row}>
                <th scope="row">
                  <ModelName id={row} />
                </th>
                {models.map((column) => (
                  <Cell key={column} row={row} column={column} tallies={tallies} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Cell({ row, column, tallies }: { row: string; column: string; tallies: readonly TallyRow[] }) {
  if (row === column) return <td className="win-matrix__self">–</td>;
  const met = meeting(row, column, tallies);
  if (!met) return <td className="small muted">never met</td>;
  // Half and half is paper; the colour grows with the distance from it.
  const strength = Math.round(2 * Math.abs(met.share - 0.5) * 45);
  const tone = met.share >= 0.5 ? "--truth" : "--a";
  return (
    <td style={{ background: `color-mix(in srgb, var(${tone}) ${strength}%, var(--surface))` }}>
      <strong>{Math.round(100 * met.share)} %</strong>
      <span className="win-matrix__counts">
        {met.won} · {met.tied} · {met.lost}
      </span>
    </td>
  );
}
