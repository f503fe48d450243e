import "./status-badge.css";

const WORDS: Record<string, string> = {
  pending: "waiting",
  running: "running",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
};

/** A job's status in a word; the mark before it tells it without colour, too. */
export function StatusBadge({ status }: { status: string }) {
  return <span className={`status-badge status-badge--${status}`}>{WORDS[status] ?? status}</span>;
}
