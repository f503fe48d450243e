import { useQuery } from "@tanstack/react-query";
import { useConnection } from "../../connection";
import { answered } from "../../supabase";
import { type Filter, NO_FILTER } from "./results-data";

interface ResultsFilterProps {
  value: Filter;
  onChange: (next: Filter) => void;
}

export function ResultsFilter({ value, onChange }: ResultsFilterProps) {
  const { supabase } = useConnection();
  const { data: models = [] } = useQuery({
    queryKey: ["competitors"],
    queryFn: ({ signal }) =>
      answered(
        supabase.from("models").select("id").eq("can_detect_cars", true).order("id").abortSignal(signal),
      ),
  });
  const { data: machines = [] } = useQuery({
    queryKey: ["machines"],
    queryFn: ({ signal }) =>
      answered(
        supabase
          .from("machines")
          .select("machine,hardware")
          .order("results", { ascending: false })
          .abortSignal(signal),
      ),
  });
  const change = (to: Partial<Filter>) => {
    const next = { ...value, ...to };
    onChange(Object.values(next).some(Boolean) ? next : NO_FILTER);
  };
  return (
    <fieldset className="results-filter">
      <legend className="visually-hidden">Which results</legend>
      <Choice
        label="Model"
        value={value.model}
        all="all models"
        options={models.map(({ id }) => [id, id])}
        onChange={(model) => change({ model })}
      />
      <Choice
        label="Hardware"
        value={value.machine}
        all="all hardware"
        options={machines.map(({ machine, hardware }) => [machine, hardware])}
        onChange={(machine) => change({ machine })}
      />
      <Choice
        label="Outcome"
        value={value.outcome}
        all="any outcome"
        options={[
          ["decided", "decided"],
          ["tie", "ties"],
        ]}
        onChange={(outcome) => change({ outcome: outcome as Filter["outcome"] })}
      />
    </fieldset>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  all: string;
  options: readonly (readonly [value: string, name: string])[];
  onChange: (value: string) => void;
}

function Choice({ label, value, all, options, onChange }: ChoiceProps) {
  return (
    <label className="small">
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {options.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
