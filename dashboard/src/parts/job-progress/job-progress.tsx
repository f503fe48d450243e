import type { Database } from "../../database.types";
import { Ago } from "../ago";
import { ProgressBar } from "../progress-bar";
import { StatusBadge } from "../status-badge";
import "./job-progress.css";
import { errorWords, progressWords } from "./words";

export type JobRow = Database["public"]["Views"]["job_list"]["Row"];

/** Where a job is: waiting and for what, running and how far, or why it came to nothing. */
export function JobProgress({ job, waiting }: { job: JobRow; waiting: string | null }) {
  const progress = progressWords(job.progress);
  return (
    <div className="job-progress">
      <div className="row">
        <StatusBadge status={job.status ?? ""} />
        <span className="job-progress__text">{text(job, waiting, progress.text)}</span>
      </div>
      {job.status === "running" && <ProgressBar value={progress.share} label={progress.text} />}
      {job.status === "failed" && <Failure error={job.error} />}
      {job.status === "pending" && job.error !== null && <LastAttempt job={job} />}
    </div>
  );
}

function text(job: JobRow, waiting: string | null, progress: string): string {
  if (waiting) return waiting;
  if (job.status === "pending") return "Waits for its turn.";
  return job.status === "running" ? progress : "";
}

function Failure({ error }: { error: JobRow["error"] }) {
  const { message, hint } = errorWords(error);
  return (
    <p className="job-progress__error">
      <strong>{message}</strong> {hint}
    </p>
  );
}

function LastAttempt({ job }: { job: JobRow }) {
  return (
    <p className="small muted">
      Attempt {job.attempt} of {job.max_attempts} failed: {errorWords(job.error).message} The next one is due{" "}
      <Ago at={job.run_at ?? ""} />.
    </p>
  );
}
