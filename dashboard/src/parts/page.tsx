import { type ReactNode, useEffect } from "react";
import "./page.css";

interface PageProps {
  title: string;
  lead?: ReactNode;
  children?: ReactNode;
  /** For tables and pictures that want the whole width. */
  wide?: boolean;
}

/** A page's frame: its heading, which is the document's title too, and one sentence under it. */
export function Page({ title, lead, children, wide }: PageProps) {
  useEffect(() => {
    if (title) document.title = `${title} · Vision Arena`;
  }, [title]);
  return (
    <div className={wide ? "page page--wide" : "page"}>
      {title && (
        <div className="page__head">
          <h1>{title}</h1>
          {lead && <p className="page__lead muted">{lead}</p>}
        </div>
      )}
      {children}
    </div>
  );
}
