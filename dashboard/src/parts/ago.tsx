import { useEffect, useState } from "react";
import { ago } from "../format";

/** How long ago something was; kept right while it is looked at. The exact time shows on pointing at it. */
export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState(() => new Date());
  const date = new Date(at);
  const isRecent = now.getTime() - date.getTime() < 90_000;
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), isRecent ? 1_000 : 30_000);
    return () => clearInterval(timer);
  }, [isRecent]);
  return (
    <time dateTime={at} title={date.toLocaleString()}>
      {ago(date, now)}
    </time>
  );
}
