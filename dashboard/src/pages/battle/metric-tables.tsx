import { ModelName } from "../../parts/model-name";
import { isBeyondChance, type Side, type Standing, scaleOf, standing } from "../../result/advantage";
import { levelText } from "../../result/facts";
import { type IntervalAxis, intervalAxis } from "../../result/interval-axis";
import { GROUPS, type Metric, type MetricGroup, meaningOf } from "../../result/metrics";
import { objectOf, textOf, type Unknown } from "../../result/reading";
import { estimateWords, evidenceWords, limitsWords } from "../../result/words";
import { IntervalBar, IntervalScale } from "./interval-bar";
import "./metric-tables.css";
import type { Names } from "./result-view";

interface Line {
  metric: Metric;
  of: Standing;
}

interface Group {
  group: MetricGroup;
  lines: Line[];
}

export function MetricTables({ row, names }: { row: Unknown; names: Names }) {
  const groups = GROUPS.map((group) => ({ group, lines: linesOf(row, group) })).filter(
    ({ lines }) => lines.length,
  );
  const basis = textOf(objectOf(row.model_a_metrics).f1_basis);
  return (
    <section className="stack" aria-labelledby="metrics">
      <h2 id="metrics">Metric by metric</h2>
      <p className="muted">
        Each bar is the {levelText(objectOf(row.verdict))} interval of the difference. One in the better
        side's colour is more than chance (●), by its interval and its test; a grey one is not; an open dot
        was measured without an interval (○).
      </p>
      <div className="metric-tables">
        {groups.map((each) => (
          <GroupTable
            key={each.group.title}
            {...each}
            axis={axisOf(each, groups)}
            names={names}
            basis={basis}
          />
        ))}
      </div>
    </section>
  );
}

function linesOf(row: Unknown, group: MetricGroup): Line[] {
  return group.metrics.flatMap((metric) => {
    const of = standing(row, metric.name);
    return of ? [{ metric, of }] : [];
  });
}

/** Ratios share one scale over all groups, so that bars can be held against one another. */
function axisOf(each: Group, groups: Group[]): IntervalAxis {
  const scale = scaleOf(each.lines[0]?.metric.name ?? "");
  const lines = scale === "ratio" ? groups.flatMap((group) => group.lines) : each.lines;
  return intervalAxis(
    scale,
    lines.filter(({ metric }) => scaleOf(metric.name) === scale).map(({ of }) => of),
  );
}

function GroupTable({
  group,
  lines,
  axis,
  names,
  basis,
}: Group & { axis: IntervalAxis; names: Names; basis: string }) {
  return (
    <table className="metric-table card">
      <caption>{group.title}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Metric</span>
          </th>
          <th scope="col">
            <ModelName id={names.a} side="a" />
          </th>
          <th scope="col">
            <ModelName id={names.b} side="b" />
          </th>
          <th scope="col">
            <span className="visually-hidden">Difference</span>
            <IntervalScale axis={axis} unit={group.unit} />
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <MetricLine key={line.metric.name} {...line} axis={axis} basis={basis} />
        ))}
      </tbody>
    </table>
  );
}

function MetricLine({ metric, of, axis, basis }: Line & { axis: IntervalAxis; basis: string }) {
  const estimate = estimateWords(metric.name, of);
  const limits = limitsWords(metric.name, of);
  return (
    <tr>
      <th scope="row">
        {metric.label}
        <span className="metric-table__meaning">{meaningOf(metric, basis)}</span>
      </th>
      <Figure side="a" metric={metric} of={of} />
      <Figure side="b" metric={metric} of={of} />
      <td className="metric-table__difference">
        {of.advantage && (
          <IntervalBar
            standing={of}
            axis={axis}
            label={`${metric.label}: ${estimate}, ${limits || "no interval"}`}
          />
        )}
        <p className="small">
          <strong>{estimate || "not measured of both"}</strong>{" "}
          <span className="muted">
            {[limits || (of.advantage ? "no interval" : ""), evidenceWords(of)].filter(Boolean).join("; ")}
          </span>
        </p>
      </td>
    </tr>
  );
}

function Figure({ side, metric, of }: { side: Side; metric: Metric; of: Standing }) {
  const value = of[side];
  const isBetter = of.better === side;
  return (
    <td className={isBetter ? `metric-table__figure metric-table__figure--${side}` : "metric-table__figure"}>
      <span className="metric-table__tag" aria-hidden="true">
        {side.toUpperCase()}
      </span>
      {value === null ? <span className="muted">not measured</span> : metric.form(value)}
      {isBetter && <Mark beyondChance={isBeyondChance(of)} />}
    </td>
  );
}

function Mark({ beyondChance }: { beyondChance: boolean }) {
  return (
    <>
      <span aria-hidden="true"> {beyondChance ? "●" : "○"}</span>
      <span className="visually-hidden">
        {beyondChance ? ", better beyond chance" : ", better in this run"}
      </span>
    </>
  );
}
