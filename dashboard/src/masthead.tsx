import { Link, useLocation } from "wouter";
import { useConnection, useSession } from "./connection";
import "./masthead.css";
import { ThemeSwitch } from "./parts/theme-switch";

const PLACES = [
  ["/", "Arena"],
  ["/live", "Live"],
  ["/results", "Results"],
  ["/leaderboard", "Leaderboard"],
] as const;

export function Masthead() {
  const [here] = useLocation();
  return (
    <header className="masthead">
      <Link href="/" className="masthead__name" aria-label="Vision Arena, to the first page">
        <Mark />
        <span>Vision Arena</span>
      </Link>
      <nav aria-label="Pages" className="masthead__nav">
        {PLACES.map(([href, name]) => (
          <Link key={href} href={href} aria-current={here === href ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      <div className="masthead__end">
        <Person />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Person() {
  const { config } = useConnection();
  const { user, loading } = useSession();
  if (config.signIn === "off") return null;
  return (
    <Link href="/sign-in" className="masthead__person" title={user?.email ?? undefined}>
      {loading ? "…" : (user?.email ?? "Sign in")}
    </Link>
  );
}

/** The corners of two boxes around what is between them. */
function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" fill="none" strokeWidth="4" aria-hidden="true">
      <path d="M4 15V4h11" stroke="var(--a)" />
      <path d="M28 17v11H17" stroke="var(--b)" />
      <path d="M11 21 21 11" stroke="var(--muted)" strokeWidth="3" />
    </svg>
  );
}
