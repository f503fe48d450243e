import { Link } from "wouter";
import { count } from "../../format";
import { Ago } from "../../parts/ago";
import { JobProgress, type JobRow } from "../../parts/job-progress/job-progress";
import { ManageJob } from "../../parts/manage-job";
import { ModelName } from "../../parts/model-name";

interface JobCardProps {
  job: JobRow;
  waiting: string | null;
  /** A model's id or "tie", once it is decided. */
  winner: string | null;
}

export function JobCard({ job, waiting, winner }: JobCardProps) {
  const since = job.finished_at ?? job.started_at ?? job.created_at;
  return (
    <article className="job-card card">
      <div className="job-card__head">
        <Link href={`/battle/${job.id}`} className="job-card__pair">
          <ModelName id={job.model_a ?? ""} side="a" />
          <span className="muted">vs</span>
          <ModelName id={job.model_b ?? ""} side="b" />
        </Link>
        <span className="small muted">
          {count(job.image_count ?? 0, "image")}
          {job.is_mine ? " · yours" : ""}
          {job.priority ? ` · priority ${job.priority}` : ""}
          {(job.attempt ?? 0) > 1 ? ` · attempt ${job.attempt} of ${job.max_attempts}` : ""}
          {since && (
            <>
              {" "}
              · <Ago at={since} />
            </>
          )}
        </span>
      </div>
      {winner ? (
        <p className="job-card__winner">{winner === "tie" ? "A tie" : `${winner} won`}</p>
      ) : (
        <JobProgress job={job} waiting={waiting} />
      )}
      <div className="row">
        <ManageJob job={job} />
      </div>
    </article>
  );
}
