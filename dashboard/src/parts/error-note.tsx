import "./notes.css";
import { DatabaseError } from "../supabase";

interface ErrorNoteProps {
  error: Error;
  onRetry?: () => void;
  id?: string;
}

/** What went wrong, in the words of whoever refused it, and what to do. */
export function ErrorNote({ error, onRetry, id }: ErrorNoteProps) {
  const hint = error instanceof DatabaseError ? error.hint : null;
  return (
    <div className="error-note" role="alert" id={id}>
      <p>
        <strong>{error.message}</strong> {hint}
      </p>
      {onRetry && (
        <button type="button" className="button button--small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
