/** Figures as people read them. */

const NONE = "–";

/** With three significant digits, as the terminal writes them; "–" where there is none. */
export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const whole = Math.abs(value) >= 10 ** (digits - 1);
  return value.toLocaleString(
    "en-GB",
    whole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits },
  );
}

/** @param value milliseconds */
export function ms(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : `${number(value)} ms`;
}

/** @param share 0 to 1 */
export function percent(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NONE;
  return `${(100 * share).toFixed(digits)} %`;
}

/** count(1, "image") is "1 image", count(2, "image") "2 images". */
export function count(amount: number, noun: string): string {
  // The browser's own rules for numbers take it a while to load, and below a thousand there is nothing to group.
  const digits = amount < 1_000 ? `${amount}` : amount.toLocaleString("en-GB");
  return `${digits} ${noun}${amount === 1 ? "" : "s"}`;
}

/** @param seconds of a duration */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400
    ? `${Math.floor(seconds / 3_600)} h`
    : `${count(Math.floor(seconds / 86_400), "day")}`;
}

/** "just now", "5 min ago", "in 2 h". */
export function ago(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1_000;
  if (Math.abs(seconds) < 5) return "just now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}
