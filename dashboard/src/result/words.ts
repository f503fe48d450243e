/** In words: which of the two is better by one metric, and how sure that is. */
import { COMPOSITE, type Scale, type Standing, scaleOf } from "./advantage";

const TESTS: Readonly<Record<string, string>> = {
  bootstrap: "paired bootstrap",
  t: "paired t-test",
  mcnemar: "McNemar’s exact test",
};

const NONE = "no difference";

/** "B +6.1", "A 1.13×", "no difference". */
export function estimateWords(name: string, standing: Standing): string {
  if (standing.advantage) return words(scaleOf(name), standing.advantage.value);
  return standing.a === null || standing.b === null ? "" : "no ratio: one of them is 0";
}

/** "A 1.12× to 1.15×" where it is all on one side, else "A +2.1 to B +3.7"; empty where there is none. */
export function limitsWords(name: string, standing: Standing): string {
  const limits = standing.advantage?.limits;
  if (!limits) return "";
  const scale = scaleOf(name);
  const [low, high] = limits;
  const [near, far] = Math.abs(low) <= Math.abs(high) ? [low, high] : [high, low];
  if (low * high > 0 && size(scale, Math.abs(near)))
    return `${words(scale, near)} to ${size(scale, Math.abs(far))}`;
  const ends = [words(scale, low), words(scale, high)];
  return ends.every((end) => end === NONE) ? "nor at either end" : ends.join(" to ");
}

/** How far the scores are apart, in a sentence of two parts. */
export function scoreWords(score: Standing, level: string): readonly [difference: string, interval: string] {
  const estimate = estimateWords(COMPOSITE, score);
  const limits = limitsWords(COMPOSITE, score);
  const difference = estimate === NONE ? "The scores are equal" : `The scores differ by ${estimate}`;
  if (!limits) return [difference, "there is no interval, so it may be chance"];
  if (score.advantage?.limits?.every((end) => words("share", end) === NONE))
    return [difference, `they are at both ends of the ${level} interval, too`];
  return [difference, `the ${level} interval goes from ${limits}`];
}

/** Why, without who: that is what the sentence begins with, and the heading says it. */
export function reasonWords(sentence: string, models: readonly string[]): string {
  const starts = ["A tie: ", ...models.map((model) => `${model} wins: `)];
  const why = sentence.slice(starts.find((start) => sentence.startsWith(start))?.length ?? 0);
  // A model's id keeps its letters.
  return models.some((model) => why.startsWith(model)) ? why : why.charAt(0).toUpperCase() + why.slice(1);
}

/** "p = 0.023, paired t-test"; empty where nothing was tested. */
export function evidenceWords(standing: Standing): string {
  if (standing.pValue === null) return "";
  const value = standing.pValue < 0.001 ? "p < 0.001" : `p = ${standing.pValue.toFixed(3)}`;
  const test = TESTS[standing.test];
  return test ? `${value}, ${test}` : value;
}

function words(scale: Scale, advantage: number): string {
  const said = size(scale, Math.abs(advantage));
  return said ? `${advantage < 0 ? "A" : "B"} ${said}` : NONE;
}

/** Empty for what is too small to write. */
function size(scale: Scale, value: number): string {
  if (scale === "ratio") {
    const times = Math.exp(Math.min(value, 50));
    if (times < 1.005) return "";
    return times > 100 ? "> 100×" : `${times.toFixed(times < 9.995 ? 2 : 0)}×`;
  }
  const decimals = scale === "plain" && value < 0.995 ? 2 : 1;
  return value >= 0.5 * 0.1 ** decimals ? `+${value.toFixed(decimals)}` : "";
}
