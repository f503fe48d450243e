/** What the result says of machine, models and method, as pairs of a name and a text. */
import { number } from "../format";
import type { Side } from "./advantage";
import { numberOf, objectOf, textOf, type Unknown } from "./reading";

export type Fact = readonly [name: string, text: string];

const MACHINE: Readonly<Record<string, readonly string[]>> = {
  processor: ["cpu", "model"],
  cores: ["cpu", "logical_cores"],
  "memory, MiB": ["ram_mb"],
  GPU: ["gpu", "name"],
  "GPU driver": ["gpu", "driver"],
  system: ["os"],
  Python: ["python"],
  PyTorch: ["libraries", "torch"],
  "Vision Arena": ["arena_version"],
  "country (electricity)": ["country"],
  "idle power, W": ["idle_power", "watts"],
  "other load, cores": ["other_load_cores"],
  "took, s": ["duration_s"],
  fingerprint: ["fingerprint"],
};

const MODELS: Readonly<Record<string, string>> = {
  parameters: "parameters",
  "runs as": "runtime",
  "runtime’s version": "runtime_version",
  "computes in": "numeric_precision",
  device: "device",
  "input size, px": "input_size",
  "counts by": "count_basis",
  "confidence threshold": "confidence_threshold",
  "threshold set on": "calibrated_on",
  "batch size offline": "batch_size",
  "load time, s": "load_s",
  "export time, s": "export_s",
  "energy source": "energy_source",
  "weights’ SHA-256": "weights_sha256",
};

const TIMES: Readonly<Record<string, string>> = {
  p50: "p50_ms",
  p90: "p90_ms",
  p99: "p99_ms",
  "decode, median": "decode_ms",
  "preprocess, median": "preprocess_ms",
  "inference, median": "inference_ms",
  "postprocess, median": "postprocess_ms",
};

/** The few things that matter most, where they are known. */
export function machineFacts(environment: Unknown): Fact[] {
  return Object.entries(MACHINE).flatMap(([name, path]) => {
    const text = valueText(at(environment, path));
    return text ? [[name, text] as const] : [];
  });
}

/** Each value of the environment, nested names joined by a dot. */
export function everyFact(value: unknown, name = ""): Fact[] {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length)
    return Object.entries(value).flatMap(([key, each]) => everyFact(each, name ? `${name} · ${key}` : key));
  return [[name, valueText(value) || "none"]];
}

export type SideBySide = readonly [name: string, a: string, b: string];

export function modelFacts(row: Unknown): SideBySide[] {
  return Object.entries(MODELS).flatMap(([name, key]) => {
    const [a, b] = ofBoth(row, (metrics) => valueText(metrics[key]));
    return a || b ? [[name, a || "not known", b || "not known"] as const] : [];
  });
}

/** In ms; a percentile that the number of predictions cannot support says so. */
export function timeFacts(row: Unknown): SideBySide[] {
  const lines = Object.entries(TIMES).map(([name, key]) => {
    const missing = /^p\d/.test(key) ? "too few predictions" : "not measured";
    const said = ofBoth(row, (metrics) => {
      const value = numberOf(metrics[key]);
      return value === null ? missing : number(value);
    });
    return [name, ...said] as const;
  });
  const samples = ofBoth(row, (metrics) => valueText(metrics.samples) || "unknown");
  return [...lines, ["predictions timed", ...samples]];
}

/** In the order of the score's formula; a row's own order is the database's. */
const WEIGHED = [
  ["accuracy", "accuracy"],
  ["speed", "speed"],
  ["green", "energy"],
  ["memory", "memory"],
] as const;

/** What the score is made of: "accuracy 40 %, speed 30 %, …". */
export function weightsText(verdict: Unknown): string {
  const weights = objectOf(verdict, "weights");
  return WEIGHED.flatMap(([key, name]) => {
    const share = numberOf(weights[key]);
    return share ? [`${name} ${(100 * share).toFixed(0)}\u00a0%`] : [];
  }).join(", ");
}

export function methodLines(row: Unknown): string[] {
  const environment = objectOf(row.environment);
  const verdict = objectOf(row.verdict);
  const [a, b] = ofBoth(row, (metrics) => metrics);
  return [
    `Both models saw the same images, ${said(environment.images)}, each in a process of its own, so that neither shares memory or faults with the other. Both were warmed up first.`,
    `One image at a time, A and B took turns in blocks (A B B A …), so that a machine that grows warm or busy slows both alike: ${said(a.samples)} predictions of A and ${said(b.samples)} of B.`,
    `Throughput and energy come from batches of ${said(a.batch_size)} images, in windows of at least ${said(objectOf(environment, "options").window_seconds)} seconds (source of the energy: ${valueText(a.energy_source) || "none, it was not measured"}).`,
    `A detection counts above a confidence of ${thresholds(a, b)}, and is right where it overlaps a true box by IoU ${said(environment.match_iou)}; average precision uses all detections.`,
    `The images were drawn anew ${number(numberOf(verdict.resamples) ?? 2000, 4)} times, for both models at once. A model wins only if the middle ${levelText(verdict)} of those draws leave its lead standing; a lead in time, energy or memory below ${number(100 * (numberOf(verdict.resolution) ?? 0.05))} % decides nothing.`,
  ];
}

/** Each model may have one of its own. */
function thresholds(a: Unknown, b: Unknown): string {
  const [ofA, ofB] = [said(a.confidence_threshold), said(b.confidence_threshold)];
  return ofA === ofB ? ofA : `${ofA} (A) and ${ofB} (B)`;
}

/** How sure intervals are. */
export function levelText(verdict: Unknown): string {
  return `${number(100 * (numberOf(verdict.confidence_level) ?? 0.95))}\u00a0%`;
}

export function warningTexts(row: Unknown): string[] {
  const warnings = objectOf(row.verdict).warnings;
  return (Array.isArray(warnings) ? warnings : []).flatMap((each) => {
    const text = textOf(each) || textOf(objectOf(each).message) || textOf(objectOf(each).code);
    return text ? [text] : [];
  });
}

/** What `read` makes of the metrics of A and of B. */
export function ofBoth<T>(row: Unknown, read: (metrics: Unknown, side: Side) => T): readonly [T, T] {
  return [read(objectOf(row.model_a_metrics), "a"), read(objectOf(row.model_b_metrics), "b")];
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, key) => objectOf(found)[key], value);
}

function said(value: unknown): string {
  return valueText(value) || "(not stated)";
}

function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number")
    return value.toLocaleString("en-GB", { maximumSignificantDigits: Number.isInteger(value) ? 15 : 4 });
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, each]) => `${key}: ${valueText(each)}`)
      .join(", ");
  return String(value);
}
