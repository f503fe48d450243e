/** The text of a tick on an axis of time: only what is new in it. */
export function timeTick(at: Date): string {
  if (at.getSeconds() > 0) return at.toLocaleTimeString("en-GB");
  if (at.getHours() > 0 || at.getMinutes() > 0)
    return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.getDate() > 1 || at.getMonth() > 0)
    return at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return String(at.getFullYear());
}
