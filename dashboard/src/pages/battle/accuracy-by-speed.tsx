import { useQuery } from "@tanstack/react-query";
import { Scatter, type ScatterPoint } from "../../charts/scatter";
import { useConnection } from "../../connection";
import { sides } from "../../result/facts";
import { numberOf, textOf, type Unknown } from "../../result/reading";
import { answered } from "../../supabase";
import type { Names } from "./result-view";

const MOST_OTHERS = 60;

/** Both models, among the latest results of the same machine. */
export function AccuracyBySpeed({ row, names }: { row: Unknown; names: Names }) {
  const machine = textOf(row.machine);
  const others = useOthers(machine, textOf(row.id));
  const [a, b] = sides(row).map((metrics, index) => point(index === 0 ? "a" : "b", metrics, names));
  const own = [a, b].filter((each) => each != null);
  if (own.length === 0) return <p className="muted">Speed or accuracy was not measured.</p>;
  return (
    <div className="card">
      <Scatter points={[...others, ...own]} />
      {others.length > 0 && (
        <p className="small muted">
          Pale dots: earlier results on the same machine, with images of their own.
        </p>
      )}
    </div>
  );
}

function point(side: "a" | "b", metrics: Unknown, names: Names): ScatterPoint | null {
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
  return data.flatMap((other) =>
    (
      [
        [other.speed_ms_a, other.accuracy_a, "a"],
        [other.speed_ms_b, other.accuracy_b, "b"],
      ] as const
    ).flatMap(([speedMs, accuracy, side]) =>
      speedMs === null || accuracy === null
        ? []
        : [{ key: `${other.id} ${side}`, tone: null, label: "", speedMs, accuracy }],
    ),
  );
}
