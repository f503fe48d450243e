import { useId } from "react";
import { ErrorNote } from "../../parts/error-note";
import type { Side } from "../../result/advantage";
import "./model-picker.css";
import { type Choice, type LiveAgentRow, whyItWaits } from "./models";

interface ModelPickerProps {
  side: Side;
  /** A model's id, which may name a runtime. */
  value: string;
  choices: readonly Choice[];
  agents: readonly LiveAgentRow[];
  error: Error | null;
  onChange: (id: string) => void;
}

export function ModelPicker({ side, value, choices, agents, error, onChange }: ModelPickerProps) {
  const base = value.split("@")[0] ?? "";
  const current = choices.find(({ model }) => model.id === base);
  const errorId = useId();
  return (
    <fieldset
      className={`model-picker corners corners--${side}`}
      aria-describedby={error ? errorId : undefined}
    >
      <legend className={`model-picker__legend model-picker__legend--${side}`}>
        Model {side.toUpperCase()}
      </legend>
      {choices.length === 0 && <p>There are no models yet: `arena migrate` publishes them.</p>}
      {choices.map((choice) => (
        <Option
          key={choice.model.id}
          name={`model-${side}`}
          choice={choice}
          agents={agents}
          checked={choice.model.id === base}
          onChange={onChange}
        />
      ))}
      {current && current.variants.length > 0 && (
        <Runtime choice={current} value={value} agents={agents} onChange={onChange} />
      )}
      {error && <ErrorNote error={error} id={errorId} />}
    </fieldset>
  );
}

interface OptionProps {
  name: string;
  choice: Choice;
  agents: readonly LiveAgentRow[];
  checked: boolean;
  onChange: (id: string) => void;
}

function Option({ name, choice: { model }, agents, checked, onChange }: OptionProps) {
  const waits = model.can_detect_cars ? whyItWaits(model.id, agents) : null;
  return (
    <label className={`model-option${model.can_detect_cars ? "" : " model-option--unable"}`}>
      <input
        type="radio"
        name={name}
        checked={checked}
        disabled={!model.can_detect_cars}
        onChange={() => onChange(model.id)}
      />
      <span>
        <strong>{model.name}</strong> <span className="muted small">{model.id}</span>
        <span className="model-option__about muted small">
          {model.can_detect_cars ? model.description : `Cannot compete. ${model.description}`}
        </span>
        {waits && agents.length > 0 && <span className="model-option__waits small">{waits}</span>}
      </span>
    </label>
  );
}

function Runtime({
  choice,
  value,
  agents,
  onChange,
}: {
  choice: Choice;
  value: string;
  agents: readonly LiveAgentRow[];
  onChange: (id: string) => void;
}) {
  return (
    <label className="model-picker__runtime">
      Runs as
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {[choice.model, ...choice.variants].map((model) => (
          <option key={model.id} value={model.id}>
            {model.runtime}
            {model.base_id === null ? " (usual)" : ""}
            {agents.length > 0 && whyItWaits(model.id, agents) ? ", no running agent" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}
