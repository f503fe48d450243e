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
import { reasonWords } from "../../result/words";
import "./results.css";
import { type Filter, NO_FILTER, type ResultRow, readResults } from "./results-data";
import { ResultsFilter } from "./results-filter";

const PAGE = 40;

/** All results, newest first. */
export default function Results() {
  const { supabase } = useConnection();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [most, setMost] = useState(PAGE);
  const { data, error, isPlaceholderData, refetch } = useLiveQuery({
    key: ["results", filter, most],
    tables: ["comparison_results"],
    // One more than are shown tells whether there are more.
    read: (signal) => readResults(supabase, filter, most + 1, signal),
  });
  const choose = (next: Filter) => {
    setFilter(next);
    setMost(PAGE);
  };
  return (
    <Page title="Results" lead="Every battle that was decided, or not: a tie is a result.">
      <ResultsFilter value={filter} onChange={choose} />
      {error && !data && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height="60vh" />}
      {data?.length === 0 && !isPlaceholderData && <NoResults isFiltered={filter !== NO_FILTER} />}
      {data && data.length > 0 && (
        <ul className="results" aria-label="Results, newest first" aria-busy={isPlaceholderData}>
          {data.slice(0, most).map((row) => (
            <li key={row.id}>
              <ResultCard row={row} />
            </li>
          ))}
        </ul>
      )}
      {data && (data.length > most || (isPlaceholderData && most > PAGE)) && (
        <button type="button" className="button" onClick={() => setMost(most + PAGE)}>
          Show more
        </button>
      )}
    </Page>
  );
}

function NoResults({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="None of these">
      <p>No result fits what is chosen above.</p>
    </Empty>
  ) : (
    <Empty title="No results yet">
      <p>The first battle that ends shows here.</p>
      <Link href="/" className="button button--primary">
        Start a battle
      </Link>
    </Empty>
  );
}

function ResultCard({ row }: { row: ResultRow }) {
  const side =
    row.winner === "tie" || row.model_a_id === row.model_b_id
      ? "tie"
      : row.winner === row.model_a_id
        ? "a"
        : "b";
  return (
    <Link href={`/battle/${row.job_id}`} className={`result-card result-card--${side}`}>
      <span className="result-card__pair">
        <ModelName id={row.model_a_id ?? ""} side="a" />
        <Score value={row.score_a} side="a" />
        <ModelName id={row.model_b_id ?? ""} side="b" />
        <Score value={row.score_b} side="b" />
      </span>
      <span className="result-card__what">
        <strong>{side === "tie" ? "A tie" : `${row.winner} wins`}</strong>
        <span className="small">
          {reasonWords(row.sentence ?? "", [row.model_a_id ?? "", row.model_b_id ?? ""])}
        </span>
        <span className="small muted">
          {row.image_count !== null && `${count(row.image_count, "image")} · `}
          {row.hardware} · {row.created_at && <Ago at={row.created_at} />}
        </span>
      </span>
    </Link>
  );
}

function Score({ value, side }: { value: number | null; side: "a" | "b" }) {
  return (
    <span className="result-card__score">
      <span
        className={`result-card__bar result-card__bar--${side}`}
        style={{ width: `${100 * Math.max(0, Math.min(1, value ?? 0))}%` }}
      />
      <span>{value === null ? "–" : (100 * value).toFixed(1)}</span>
    </span>
  );
}
