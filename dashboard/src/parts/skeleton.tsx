import "./skeleton.css";

/** Holds the place of what is being read, at the height that it will have. */
export function Skeleton({ height }: { height: string | number }) {
  return (
    <div className="skeleton" style={{ height }} role="status">
      <span className="visually-hidden">Loading…</span>
    </div>
  );
}
