import { scaleLinear, scaleTime } from "@visx/scale";
import { BottomAxis, LeftAxis } from "../../charts/axis";
import { Frame } from "../../charts/frame";
import { timeTick } from "../../charts/time-tick";
import { number } from "../../format";
import { type Figure, runs } from "./history";
import type { HistoryRow } from "./model-data";

interface HistoryChartProps {
  history: readonly HistoryRow[];
  figure: Figure;
  title: string;
  unit: string;
  /** From the figure to its unit. */
  factor: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HEIGHT = 200;
const MARGIN = { top: 30, right: 12, bottom: 26, left: 48 };

export function HistoryChart({ history, figure, title, unit, factor }: HistoryChartProps) {
  const lines = runs(history, figure).map((run) =>
    run.map(({ at, value }) => ({ at: at.getTime(), value: factor * value })),
  );
  const all = lines.flat();
  if (all.length === 0) return <p className="muted card">{title} was not measured.</p>;
  const values = all.map(({ value }) => value);
  const times = all.map(({ at }) => at);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  // Between moments this close an axis would have no ticks that differ.
  const room = last - first < MINUTE_MS ? HOUR_MS : 0;
  const label = `${title} over time, from ${number(Math.min(...values))} to ${number(Math.max(...values))} ${unit}; the latest is ${number(values.at(-1))} ${unit}.`;
  return (
    <div className="card">
      <Frame height={HEIGHT} label={label}>
        {(width) => {
          const x = scaleTime<number>({
            domain: [first - room, last + room],
            range: [MARGIN.left + 8, width - MARGIN.right - 8],
          });
          const y = scaleLinear<number>({
            domain: [Math.min(0, ...values), Math.max(...values) * 1.1 || 1],
            range: [HEIGHT - MARGIN.bottom, MARGIN.top],
            nice: true,
          });
          return (
            <>
              <LeftAxis
                scale={y}
                at={MARGIN.left}
                label={`${title}, ${unit}`}
                grid={width - MARGIN.left - MARGIN.right}
              />
              <BottomAxis scale={x} at={HEIGHT - MARGIN.bottom} label="" format={timeTick} />
              {lines.map((run) => (
                <g key={run[0]?.at} className="history-chart__run">
                  <polyline points={run.map(({ at, value }) => `${x(at)},${y(value)}`).join(" ")} />
                  {run.map(({ at, value }) => (
                    <circle key={at} cx={x(at)} cy={y(value)} r={3} />
                  ))}
                </g>
              ))}
            </>
          );
        }}
      </Frame>
    </div>
  );
}
