import { useMemo } from "react";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { useLiveQuery } from "../../live/use-live-query";
import { Empty } from "../../parts/empty";
import { ErrorNote } from "../../parts/error-note";
import { JobProgress, type JobRow } from "../../parts/job-progress/job-progress";
import { progressWords } from "../../parts/job-progress/words";
import { ManageJob } from "../../parts/manage-job";
import { ModelName } from "../../parts/model-name";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { type BattleData, readBattle } from "./battle-data";
import "./battle.css";
import { headline, ResultView } from "./result-view";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** One battle: how far it is, and once it is there, its result. */
export default function Battle({ jobId }: { jobId: string }) {
  return UUID.test(jobId) ? <KnownBattle jobId={jobId} /> : <NoBattle />;
}

function KnownBattle({ jobId }: { jobId: string }) {
  const { supabase } = useConnection();
  const { data, error, refetch } = useLiveQuery({
    key: useMemo(() => ["battle", jobId], [jobId]),
    tables: ["jobs", "comparison_results", "agents"],
    concerns: ({ table, row }) => table === "agents" || row.id === jobId || row.job_id === jobId,
    read: (signal) => readBattle(supabase, jobId, signal),
  });
  if (error && !data)
    return (
      <Page title="Battle">
        <ErrorNote error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!data)
    return (
      <Page title="" wide>
        <Skeleton height="80vh" />
      </Page>
    );
  return (
    <>
      <p role="status" className="visually-hidden">
        {announcement(data)}
      </p>
      <Found data={data} jobId={jobId} />
    </>
  );
}

function Found({ data, jobId }: { data: BattleData; jobId: string }) {
  if (data.result) return <ResultView row={data.result} jobId={jobId} />;
  return data.job ? <UnderWay job={data.job} waiting={data.waiting} /> : <NoBattle />;
}

/** What has changed, for who does not see it: in few words, for they are read aloud each time. */
function announcement({ job, waiting, result }: BattleData): string {
  if (result) return headline(result);
  if (!job) return "";
  return job.status === "running" ? progressWords(job.progress).text : (waiting ?? title(job));
}

function UnderWay({ job, waiting }: { job: JobRow; waiting: string | null }) {
  return (
    <Page title={title(job)} lead={`${count(job.image_count ?? 0, "image")}, each seen by both models.`}>
      <div className="battle__ring">
        <div className="corners corners--a battle__corner">
          <ModelName id={job.model_a ?? ""} side="a" />
        </div>
        <span className="battle__versus" aria-hidden="true">
          vs
        </span>
        <div className="corners corners--b battle__corner">
          <ModelName id={job.model_b ?? ""} side="b" />
        </div>
      </div>
      <section className="card stack" aria-label="Progress">
        <JobProgress job={job} waiting={waiting} />
        <ManageJob job={job} />
      </section>
      {(job.status === "pending" || job.status === "running") && (
        <p className="muted">The result appears here by itself. You may leave the page and come back.</p>
      )}
    </Page>
  );
}

function title(job: JobRow): string {
  switch (job.status) {
    case "pending":
      return "The battle waits";
    case "failed":
      return "The battle failed";
    case "cancelled":
      return "The battle was cancelled";
    default:
      return "The battle is on";
  }
}

function NoBattle() {
  return (
    <Page title="There is no such battle">
      <Empty title="Nothing to see under this address">
        <p>The link may be cut short, or the battle is another person's: sign in as who started it.</p>
      </Empty>
    </Page>
  );
}
