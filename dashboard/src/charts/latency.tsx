import { scaleLinear } from "@visx/scale";
import { ms } from "../format";
import { BottomAxis } from "./axis";
import { type Bins, binAmount, bins, quantile } from "./bins";
import { Frame } from "./frame";

interface LatencyProps {
  /** Milliseconds of each prediction. */
  a: readonly number[];
  b: readonly number[];
  nameA: string;
  nameB: string;
}

const HEIGHT = 260;
const MARGIN = { top: 24, right: 16, bottom: 44, left: 16 };
/** A bar, in pixels. */
const NARROWEST = 12;
/** Of the room above or below the middle; the rest is for the percentiles' names. */
const TALLEST = 0.8;
const MIDDLE = MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) / 2;
const REACH = MIDDLE - MARGIN.top;

/** How often each time came: A upwards, B downwards, on one axis. */
export function Latency({ a, b, nameA, nameB }: LatencyProps) {
  const [start, limit] = limits([...a, ...b]);
  const label =
    `Latency of single predictions. ${nameA}: median ${ms(quantile(a, 0.5))}, 90th percentile ${ms(quantile(a, 0.9))}. ` +
    `${nameB}: median ${ms(quantile(b, 0.5))}, 90th percentile ${ms(quantile(b, 0.9))}.`;
  return (
    <Frame height={HEIGHT} label={label}>
      {(width) => {
        const x = scaleLinear<number>({ domain: [start, limit], range: [MARGIN.left, width - MARGIN.right] });
        const amount = binAmount([a, b], start, limit, Math.floor(width / NARROWEST));
        const [ofA, ofB] = [bins(a, start, limit, amount), bins(b, start, limit, amount)];
        const most = Math.max(...ofA.counts, ...ofB.counts, 1);
        return (
          <>
            <BottomAxis
              scale={x}
              at={HEIGHT - MARGIN.bottom}
              label="ms, one image at a time"
              grid={2 * REACH}
            />
            <Bars of={ofA} x={x} up most={most} className="chart__a" />
            <Bars of={ofB} x={x} up={false} most={most} className="chart__b" />
            <line
              className="chart__line"
              x1={MARGIN.left}
              x2={width - MARGIN.right}
              y1={MIDDLE}
              y2={MIDDLE}
            />
            <Marks values={a} x={x} up className="chart__a" />
            <Marks values={b} x={x} up={false} className="chart__b" />
          </>
        );
      }}
    </Frame>
  );
}

/** All but the slowest of a hundred, which would squeeze the others. */
function limits(times: readonly number[]): [number, number] {
  const most = quantile(times, 0.99);
  const least = Math.min(...times);
  const room = (most - least || most || 1) * 0.05;
  return [Math.max(0, least - room), most + room];
}

type X = (value: number) => number;

function Bars(props: { of: Bins; x: X; up: boolean; most: number; className: string }) {
  const { of, x, up, most, className } = props;
  return (
    <g className={className} opacity={0.55} strokeWidth={0}>
      {of.counts.map((count, index) => {
        const from = of.start + index * of.width;
        const height = (REACH * TALLEST * count) / most;
        const left = x(from);
        return (
          <rect
            key={from}
            x={left + 0.5}
            width={Math.max(1, x(from + of.width) - left - 1)}
            y={up ? MIDDLE - height : MIDDLE}
            height={height}
          />
        );
      })}
    </g>
  );
}

function Marks({
  values,
  x,
  up,
  className,
}: {
  values: readonly number[];
  x: X;
  up: boolean;
  className: string;
}) {
  if (values.length === 0) return null;
  const end = up ? MIDDLE - REACH : MIDDLE + REACH;
  return (
    <g className={className} strokeWidth={2}>
      {[0.5, 0.9].map((share) => (
        <g key={share} transform={`translate(${x(quantile(values, share))} 0)`}>
          <line y1={MIDDLE} y2={end} strokeDasharray={share === 0.5 ? "none" : "4 3"} />
          <text className={className} x={4} y={up ? end + 11 : end - 3}>
            p{100 * share}
          </text>
        </g>
      ))}
    </g>
  );
}
