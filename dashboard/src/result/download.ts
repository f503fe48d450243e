/** A result as files. */
import { standing } from "./advantage";
import { METRICS } from "./metrics";
import type { Unknown } from "./reading";

export function asJson(row: Unknown, imageRows: readonly Unknown[]): string {
  return JSON.stringify({ ...row, image_results: imageRows }, null, 1);
}

/** One line a metric: both figures, the difference (B over A, in the metric's scale) and its interval. */
export function asCsv(row: Unknown): string {
  const header = ["metric", String(row.model_a_id), String(row.model_b_id), "better", "p_value", "test"];
  const lines = METRICS.flatMap((metric) => {
    const found = standing(row, metric.name);
    if (!found) return [];
    return [[metric.name, found.a, found.b, found.better ?? "", found.pValue, found.test]];
  });
  return `${[header, ...lines].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** A spreadsheet would run a text that begins with one of = + - @. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function saveAs(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
