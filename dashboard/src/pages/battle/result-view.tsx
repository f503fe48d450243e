import { useMemo } from "react";
import { Latency } from "../../charts/latency";
import { Page } from "../../parts/page";
import { winnerOf } from "../../result/advantage";
import { ofBoth, timeFacts, warningTexts } from "../../result/facts";
import { numbersOf, objectOf, textOf, type Unknown } from "../../result/reading";
import { reasonWords } from "../../result/words";
import { AccuracyBySpeed } from "./accuracy-by-speed";
import { Downloads } from "./downloads";
import { Gallery } from "./gallery";
import { Measured } from "./measured";
import { MetricTables } from "./metric-tables";
import { SideTable } from "./side-table";
import { Verdict } from "./verdict";

export interface Names {
  a: string;
  b: string;
}

/** Everything that a row of comparison_results tells. */
export function ResultView({ row, jobId }: { row: Unknown; jobId: string }) {
  const names = { a: textOf(row.model_a_id), b: textOf(row.model_b_id) };
  const winner = winnerOf(row);
  return (
    <Page
      title={headline(row)}
      lead={reasonWords(textOf(objectOf(row.verdict).sentence), [names.a, names.b])}
      wide
    >
      <Verdict row={row} names={names} winner={winner} />
      <Warnings row={row} />
      <Downloads row={row} jobId={jobId} />
      <MetricTables row={row} names={names} />
      <div className="battle__pair">
        <section className="stack" aria-labelledby="accuracy-by-speed">
          <h2 id="accuracy-by-speed">Accuracy against speed</h2>
          <AccuracyBySpeed row={row} names={names} />
        </section>
        <LatencySection row={row} names={names} />
      </div>
      <Gallery jobId={jobId} names={names} />
      <Measured row={row} names={names} />
    </Page>
  );
}

export function headline(row: Unknown): string {
  const winner = winnerOf(row);
  if (winner === "tie") return "It is a tie";
  return winner ? `${textOf(row.winner)} wins` : "No winner is named";
}

function Warnings({ row }: { row: Unknown }) {
  const texts = warningTexts(row);
  if (texts.length === 0) return null;
  return (
    <section className="card battle__warnings" aria-labelledby="warnings">
      <h2 id="warnings">Read this first</h2>
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

function LatencySection({ row, names }: { row: Unknown; names: Names }) {
  const [a, b] = useMemo(() => ofBoth(row, (metrics) => numbersOf(metrics.latencies_ms)), [row]);
  return (
    <section className="stack" aria-labelledby="latency">
      <h2 id="latency">How long a prediction takes</h2>
      {a.length || b.length ? (
        <div className="card">
          <Latency a={a} b={b} nameA={names.a} nameB={names.b} />
          <p className="small muted">
            How often each time came: A upwards, B downwards. p50 is the median; nine in ten stay below p90.
            The slowest of a hundred are not drawn.
          </p>
        </div>
      ) : (
        <p className="muted">The result holds no single times.</p>
      )}
      <SideTable caption="Times in ms, one image at a time" names={names} lines={timeFacts(row)} />
    </section>
  );
}
