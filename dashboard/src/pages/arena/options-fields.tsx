import { useId } from "react";
import { percent } from "../../format";
import { ErrorNote } from "../../parts/error-note";
import { type BattleOptions, type Care, shareOf, WEIGHTS, type Weight } from "./options";
import { fieldOf } from "./submit-job";

interface OptionsFieldsProps {
  value: BattleOptions;
  error: Error | null;
  onChange: (next: BattleOptions) => void;
}

const WEIGHT_WORDS: Record<Weight, string> = {
  accuracy: "accuracy of the counts",
  speed: "speed, one image at a time",
  green: "energy per image",
  memory: "memory",
};

const CARE_WORDS: Record<Care, string> = {
  quick: "quick: seconds; wide intervals",
  normal: "normal: about a minute and a half on a processor",
  thorough: "thorough: some minutes; narrow intervals",
};

/** What few need, folded away. */
export function OptionsFields({ value, error, onChange }: OptionsFieldsProps) {
  const id = useId();
  const refused = fieldOf(error);
  const told = (field: string) =>
    refused.startsWith(field) ? { "aria-invalid": true, "aria-describedby": `${id}-error` } : {};
  return (
    <details className="card arena__options" open={error !== null || undefined}>
      <summary>Options: care, threshold, priority, weights of the verdict</summary>
      <div className="arena__option-grid">
        <label htmlFor={`${id}-care`}>How carefully to measure</label>
        <select
          id={`${id}-care`}
          value={value.care}
          onChange={(event) => onChange({ ...value, care: event.target.value as Care })}
        >
          {Object.entries(CARE_WORDS).map(([care, words]) => (
            <option key={care} value={care}>
              {words}
            </option>
          ))}
        </select>
        <label htmlFor={`${id}-confidence`}>Confidence from which a detection counts</label>
        <input
          id={`${id}-confidence`}
          type="number"
          step="any"
          value={value.confidence}
          {...told("options.confidence")}
          onChange={(event) => onChange({ ...value, confidence: event.target.valueAsNumber || 0 })}
        />
        <label htmlFor={`${id}-priority`}>Priority in the queue, −100 to 100</label>
        <input
          id={`${id}-priority`}
          type="number"
          value={value.priority}
          {...told("priority")}
          onChange={(event) => onChange({ ...value, priority: Math.trunc(event.target.valueAsNumber) || 0 })}
        />
      </div>
      <fieldset className="arena__weights">
        <legend>What decides the winner</legend>
        {WEIGHTS.map((name) => (
          <label key={name}>
            <span>{WEIGHT_WORDS[name]}</span>
            <input
              type="range"
              min={0}
              max={100}
              value={value.weights[name]}
              {...told("options.weights")}
              onChange={(event) =>
                onChange({ ...value, weights: { ...value.weights, [name]: event.target.valueAsNumber } })
              }
            />
            <output>{percent(shareOf(name, value.weights), 0)}</output>
          </label>
        ))}
      </fieldset>
      {error && <ErrorNote error={error} id={`${id}-error`} />}
    </details>
  );
}
