import { useQuery } from "@tanstack/react-query";
import { Mark, Scatter, type ScatterPoint } from "../../charts/scatter";
import { useConnection } from "../../connection";
import { ModelName } from "../../parts/model-name";
import type { Side } from "../../result/advantage";
import { ofBoth } from "../../result/facts";
import { numberOf, textOf, type Unknown } from "../../result/reading";
import { answered } from "../../supabase";
import type { Names } from "./result-view";

const MOST_OTHERS = 60;

/** Both models, among the latest results on the same hardware. */
export function AccuracyBySpeed({ row, names }: { row: Unknown; names: Names }) {
  const machine = textOf(row.machine);
  const others = useOthers(machine, textOf(row.id));
  const own = ofBoth(row, (metrics, side) => point(side, metrics, names)).filter((each) => each !== null);
  if (own.length === 0) return <p className="muted">Speed or accuracy was not measured.</p>;
  return (
    <div className="card">
      <Scatter points={[...others, ...own]} />
      <p className="row small">
        {own.map(({ key, tone, label }) => (
          <span key={key} className="row battle__key">
            <svg width="20" height="20" aria-hidden="true" className="chart">
              <Mark tone={tone} x={10} y={10} />
            </svg>
            <ModelName id={label} side={tone} />
          </span>
        ))}
      </p>
      {others.length > 0 && (
        <p className="small muted">
          Pale dots: other results on the same hardware, with images and versions of their own.
        </p>
      )}
    </div>
  );
}

function point(side: Side, metrics: Unknown, names: Names): (ScatterPoint & { tone: Side }) | null {
  const speedMs = numberOf(metrics.speed_ms);
  const accuracy = numberOf(metrics.accuracy);
  return speedMs === null || accuracy === null
    ? null
    : { key: side, tone: side, label: names[side], speedMs, accuracy };
}

function useOthers(machine: string, ownId: string): ScatterPoint[] {
  const { supabase } = useConnection();
  const { data = [] } = useQuery({
    queryKey: ["others", machine, ownId],
    enabled: machine !== "",
    queryFn: ({ signal }) =>
      answered(
        supabase
          .from("result_list")
          .select("id,accuracy_a,speed_ms_a,accuracy_b,speed_ms_b")
          .eq("machine", machine)
          .neq("id", ownId)
          .order("created_at", { ascending: false })
          .limit(MOST_OTHERS)
          .abortSignal(signal),
      ),
  });
  const points: ScatterPoint[] = [];
  const add = (key: string, speedMs: number | null, accuracy: number | null) => {
    if (speedMs !== null && accuracy !== null) points.push({ key, tone: null, label: "", speedMs, accuracy });
  };
  for (const other of data) {
    add(`${other.id} a`, other.speed_ms_a, other.accuracy_a);
    add(`${other.id} b`, other.speed_ms_b, other.accuracy_b);
  }
  return points;
}
