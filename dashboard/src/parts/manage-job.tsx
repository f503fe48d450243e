import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useConnection } from "../connection";
import { answered } from "../supabase";
import { ErrorNote } from "./error-note";
import type { JobRow } from "./job-progress/job-progress";

const CONFIRM_MS = 4_000;

/** Cancels or retries one's own job; nothing where it cannot be done. */
export function ManageJob({ job }: { job: JobRow }) {
  const { supabase } = useConnection();
  const queries = useQueryClient();
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const call = async (name: "cancel_job" | "retry_job") => {
    setBusy(true);
    setError(null);
    try {
      await answered(supabase.rpc(name, { p_job_id: job.id ?? "" }));
      await queries.invalidateQueries();
    } catch (refused) {
      setError(refused as Error);
    } finally {
      setBusy(false);
    }
  };
  if (!job.is_mine) return null;
  return (
    <>
      {(job.status === "pending" || job.status === "running") && (
        <CancelButton disabled={busy} onConfirm={() => void call("cancel_job")} />
      )}
      {job.status === "failed" && (
        <button
          type="button"
          className="button button--small"
          disabled={busy}
          onClick={() => void call("retry_job")}
        >
          Try again
        </button>
      )}
      {error && <ErrorNote error={error} />}
    </>
  );
}

/** Asks once more before it acts, in its own place. */
function CancelButton({ disabled, onConfirm }: { disabled: boolean; onConfirm: () => void }) {
  const [asked, setAsked] = useState(false);
  const ask = () => {
    setAsked(true);
    setTimeout(() => setAsked(false), CONFIRM_MS);
  };
  return (
    <button
      type="button"
      className="button button--small"
      disabled={disabled}
      // The second click of a double click confirms nothing.
      onClick={({ detail }) => (asked && detail <= 1 ? onConfirm() : ask())}
    >
      {asked ? "Really cancel?" : "Cancel"}
    </button>
  );
}
