import { useState } from "react";
import { Link } from "wouter";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { useLiveQuery } from "../../live/use-live-query";
import { Empty } from "../../parts/empty";
import { ErrorNote } from "../../parts/error-note";
import type { JobRow } from "../../parts/job-progress/job-progress";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Agents } from "./agents";
import { JobCard } from "./job-card";
import "./live.css";
import { type LiveData, readLive } from "./live-data";

const PAGE = 25;

/** The queue and the agents, as they are now. */
export default function Live() {
  const { supabase } = useConnection();
  const [most, setMost] = useState(PAGE);
  const { data, error, isPlaceholderData, refetch } = useLiveQuery({
    key: ["live", most],
    tables: ["jobs", "agents", "comparison_results"],
    read: (signal) => readLive(supabase, most, signal),
  });
  return (
    <Page title="Live" lead="What runs, what waits, what has ended, and who does the work.">
      {error && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height="60vh" />}
      {data && (
        <Sections
          data={data}
          // Also while more is on its way, or the focus would be lost with the button.
          hasMore={isPlaceholderData || data.ended.length === most || data.waitingCount > most}
          onMore={() => setMost(most + 2 * PAGE)}
        />
      )}
    </Page>
  );
}

function Sections({ data, hasMore, onMore }: { data: LiveData; hasMore: boolean; onMore: () => void }) {
  const isEmpty = data.running.length + data.waiting.length + data.ended.length === 0;
  return (
    <>
      <Agents agents={data.agents} />
      {isEmpty ? (
        <Empty title="No battle yet">
          <p>The first one shows here the moment it is started.</p>
          <Link href="/" className="button button--primary">
            Start a battle
          </Link>
        </Empty>
      ) : (
        <>
          <Jobs title="Running" jobs={data.running} data={data} none="Nothing runs." />
          <Jobs
            title={`Waiting (${data.waitingCount})`}
            jobs={data.waiting}
            data={data}
            none="Nothing waits."
          />
          <Jobs title="Lately ended" jobs={data.ended} data={data} none="Nothing has ended yet." />
          {hasMore && (
            <button type="button" className="button" onClick={onMore}>
              Show more
            </button>
          )}
        </>
      )}
    </>
  );
}

interface JobsProps {
  title: string;
  jobs: readonly JobRow[];
  data: LiveData;
  none: string;
}

function Jobs({ title, jobs, data, none }: JobsProps) {
  return (
    <section className="stack" aria-label={title}>
      <h2>{title}</h2>
      {jobs.length === 0 && <p className="muted">{none}</p>}
      <ul className="job-cards" aria-label={count(jobs.length, "job")}>
        {jobs.map((job) => (
          <li key={job.id}>
            <JobCard
              job={job}
              waiting={data.messages.get(job.id ?? "") ?? null}
              winner={data.winners.get(job.id ?? "") ?? null}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}
