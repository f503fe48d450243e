import { Ago } from "../../parts/ago";
import { everyFact, machineFacts, methodLines, modelFacts } from "../../result/facts";
import { objectOf, textOf, type Unknown } from "../../result/reading";
import type { Names } from "./result-view";
import { SideTable } from "./side-table";

/** How and where it was measured. */
export function Measured({ row, names }: { row: Unknown; names: Names }) {
  const environment = objectOf(row.environment);
  return (
    <>
      <section className="stack" aria-labelledby="method">
        <h2 id="method">How it was measured</h2>
        <div className="battle__pair">
          <ol className="battle__method">
            {methodLines(row).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
          <SideTable caption="The models" names={names} lines={modelFacts(row)} />
        </div>
      </section>
      <section className="stack" aria-labelledby="where">
        <h2 id="where">Where it was measured</h2>
        <p className="muted">
          Made <Ago at={textOf(row.created_at)} />.
        </p>
        <dl className="battle__facts">
          {machineFacts(environment).map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        <details className="card">
          <summary>Everything recorded: versions, options, load, phases</summary>
          <dl className="battle__facts battle__facts--all">
            {everyFact(environment).map(([name, text]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </details>
      </section>
    </>
  );
}
