import type { ReactNode } from "react";
import "./notes.css";

/** Where there is nothing yet: what would be here, and how it comes. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
