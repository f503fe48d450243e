/** A result as files. */
import { type Scale, type Standing, scaleOf, standing } from "./advantage";
import { METRICS } from "./metrics";
import type { Unknown } from "./reading";

export function asJson(row: Unknown, imageRows: readonly Unknown[]): string {
  return JSON.stringify({ ...row, image_results: imageRows }, null, 1);
}

const DIFFERENCE = ["difference", "low", "high"];
const DIFFERENCE_IN: Readonly<Record<Scale, string>> = {
  share: "points of 100; above 0 B is better",
  plain: "the figures' own unit; above 0 B is better",
  ratio: "factor; above 1 B is better",
};

/** One line a metric: both figures, by how much B is better, and the interval of that; empty where it is not known. */
export function asCsv(row: Unknown): string {
  const models = [`A: ${row.model_a_id}`, `B: ${row.model_b_id}`];
  const header = ["metric", ...models, "better", ...DIFFERENCE, "difference_in", "p_value", "test"];
  const lines = METRICS.flatMap(({ name }) => {
    const found = standing(row, name);
    return found ? [[name, found.a, found.b, ...judged(scaleOf(name), found), found.pValue, found.test]] : [];
  });
  return `${[header, ...lines].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function judged(scale: Scale, { better, advantage }: Standing): unknown[] {
  const unit = advantage && DIFFERENCE_IN[scale];
  const values = [advantage?.value, ...(advantage?.limits ?? [null, null])];
  return [better?.toUpperCase(), ...values.map((value) => figure(scale, value)), unit];
}

/** Without the digits that only the arithmetic made. */
function figure(scale: Scale, value: number | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  const shown = scale === "ratio" ? Math.exp(value) : value;
  return Number.isFinite(shown) ? Number(shown.toPrecision(9)) : null; // an interval may have no end
}

/** A spreadsheet would run a text that begins with one of = + - @. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Browsers read the file some time after the click. */
const KEPT_MS = 60_000;

export function saveAs(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
