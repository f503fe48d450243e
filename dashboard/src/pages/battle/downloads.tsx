import { useState } from "react";
import { useConnection } from "../../connection";
import { ErrorNote } from "../../parts/error-note";
import { asCsv, asJson, saveAs } from "../../result/download";
import type { Unknown } from "../../result/reading";
import { readImages } from "./battle-data";

const COPIED_MS = 3_000;

export function Downloads({ row, jobId }: { row: Unknown; jobId: string }) {
  const { supabase } = useConnection();
  const [error, setError] = useState<Error | null>(null);
  const name = `battle-${jobId.slice(0, 8)}`;
  const saveJson = async () => {
    try {
      const { rows } = await readImages(supabase, jobId, new AbortController().signal);
      saveAs(`${name}.json`, "application/json", asJson(row, rows));
      setError(null);
    } catch (failure) {
      setError(failure as Error);
    }
  };
  return (
    <div className="row">
      <button type="button" className="button button--small" onClick={() => void saveJson()}>
        Download JSON
      </button>
      <button
        type="button"
        className="button button--small"
        onClick={() => saveAs(`${name}.csv`, "text/csv", asCsv(row))}
      >
        Download CSV
      </button>
      <CopyLink />
      {error && <ErrorNote error={error} />}
    </div>
  );
}

function CopyLink() {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      setSaid("Copied");
    } catch {
      setSaid("Copy it from the address bar"); // the browser forbids it without https
    }
    setTimeout(() => setSaid(""), COPIED_MS);
  };
  return (
    <>
      <button type="button" className="button button--small" onClick={() => void copy()}>
        Copy the link
      </button>
      <span role="status" className="small muted">
        {said}
      </span>
    </>
  );
}
