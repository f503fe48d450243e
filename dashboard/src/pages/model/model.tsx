import { useState } from "react";
import { Link } from "wouter";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { useLiveQuery } from "../../live/use-live-query";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { ErrorNote } from "../../parts/error-note";
import { ModelName } from "../../parts/model-name";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { machinesOf } from "./history";
import { HistoryChart } from "./history-chart";
import "./model.css";
import { type HistoryRow, MOST_HISTORY, type ModelData, readModel } from "./model-data";

const PAGE = 25;

/** One model: what it is, how it stands, how it fared. */
export default function Model({ id }: { id: string }) {
  const { supabase } = useConnection();
  const { data, error, refetch } = useLiveQuery({
    key: ["model", id],
    tables: ["machines"],
    read: (signal) => readModel(supabase, id, signal),
  });
  return (
    <Page title={id} lead={data?.model?.description}>
      {error && !data && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height="60vh" />}
      {data && !data.model && (
        <Empty title="There is no such model">
          <p>The arena's models are those of its catalogue.</p>
        </Empty>
      )}
      {data?.model && <About data={data} />}
      {data?.model && <History history={data.history} />}
    </Page>
  );
}

function About({ data }: { data: ModelData }) {
  const { model, siblings, ratings } = data;
  const facts = [
    ["family", model?.family],
    ["task", model?.task],
    ["runs as", model?.runtime],
    ["sees images of", model?.input_size ? `${model.input_size} px` : null],
    ["licence", model?.licence],
  ] as const;
  return (
    <>
      <dl className="model__facts">
        {facts.map(([name, text]) =>
          text ? (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ) : null,
        )}
      </dl>
      {siblings.length > 0 && (
        <p>
          The same in other formats:{" "}
          {siblings.map((sibling) => (
            <Link key={sibling} href={`/model/${encodeURIComponent(sibling)}`} className="model__sibling">
              {sibling}
            </Link>
          ))}
        </p>
      )}
      {ratings.map((rating) => (
        <p key={rating.machine}>
          Rated <strong>{Math.round(rating.rating)}</strong>{" "}
          <span className="muted">
            [{Math.round(rating.rating_low)}, {Math.round(rating.rating_high)}]
          </span>{" "}
          on <Link href={`/leaderboard/${encodeURIComponent(rating.machine)}`}>{rating.hardware}</Link>, from{" "}
          {count(rating.battles, "battle")}.
        </p>
      ))}
    </>
  );
}

function History({ history }: { history: readonly HistoryRow[] }) {
  const machines = machinesOf(history);
  const [chosen, setChosen] = useState("");
  const machine = machines.find((each) => each.machine === chosen) ?? machines[0];
  if (!machine)
    return (
      <Empty title="It has not fought yet">
        <Link href="/" className="button button--primary">
          Start a battle
        </Link>
      </Empty>
    );
  const here = history.filter((row) => row.machine === machine.machine);
  return (
    <section className="stack" aria-labelledby="history">
      <h2 id="history">Over time</h2>
      <label className="model__machine">
        Hardware
        <select value={machine.machine} onChange={(event) => setChosen(event.target.value)}>
          {machines.map((each) => (
            <option key={each.machine} value={each.machine}>
              {each.hardware} ({count(each.results, "result")})
            </option>
          ))}
        </select>
      </label>
      {history.length === MOST_HISTORY && <p className="small muted">The newest {MOST_HISTORY} results.</p>}
      <div className="model__charts">
        <HistoryChart history={here} figure="accuracy" title="Count accuracy" unit="%" factor={100} />
        <HistoryChart history={here} figure="speed_ms" title="Speed" unit="ms" factor={1} />
        <HistoryChart
          history={here}
          figure="energy_j_per_image"
          title="Energy"
          unit="J per image"
          factor={1}
        />
      </div>
      <p className="small muted">
        Each result has images of its own. A line is cut where the weights changed.
      </p>
      <Battles key={machine.machine} rows={here} />
    </section>
  );
}

function Battles({ rows }: { rows: readonly HistoryRow[] }) {
  const [most, setMost] = useState(PAGE);
  return (
    <>
      <h2>Battles</h2>
      <ul className="model__battles">
        {rows.slice(0, most).map((row) => (
          <li key={row.result_id}>
            <Link href={`/battle/${row.job_id}`}>
              {row.outcome} against <ModelName id={row.opponent_id ?? ""} />
            </Link>{" "}
            <span className="small muted">{row.created_at && <Ago at={row.created_at} />}</span>
          </li>
        ))}
      </ul>
      {rows.length > most && (
        <button type="button" className="button" onClick={() => setMost(most + 2 * PAGE)}>
          Show more
        </button>
      )}
    </>
  );
}
