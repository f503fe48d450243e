/** What a scale of numbers and one of times have in common. */
interface Scale<Value> {
  (value: Value): number;
  range: () => number[];
  ticks: (most: number) => Value[];
}

interface AxisProps<Value> {
  scale: Scale<Value>;
  /** Where it lies across, in pixels. */
  at: number;
  label: string;
  format?: (value: Value) => string;
  /** How far its grid lines reach, in pixels. */
  grid?: number;
}

const plain = (value: number | Date) => value.toLocaleString("en-GB");

/** Below the plot. */
export function BottomAxis<Value extends number | Date>(props: AxisProps<Value>) {
  const { scale, at, label, format = plain, grid = 0 } = props;
  const [left = 0, right = 0] = scale.range();
  return (
    <g transform={`translate(0 ${at})`}>
      {scale.ticks(Math.max(2, Math.floor((right - left) / 80))).map((tick) => (
        <g key={Number(tick)} transform={`translate(${scale(tick)} 0)`}>
          <line className="chart__line" y1={-grid} y2={5} />
          <text className="chart__tick" y={19} textAnchor="middle">
            {format(tick)}
          </text>
        </g>
      ))}
      <text className="chart__tick" x={right} y={36} textAnchor="end">
        {label}
      </text>
    </g>
  );
}

/** At the left of the plot. */
export function LeftAxis({ scale, at, label, format = plain, grid = 0 }: AxisProps<number>) {
  const [bottom = 0, top = 0] = scale.range();
  return (
    <g transform={`translate(${at} 0)`}>
      {scale.ticks(Math.max(2, Math.floor((bottom - top) / 50))).map((tick) => (
        <g key={tick} transform={`translate(0 ${scale(tick)})`}>
          <line className="chart__line" x1={-5} x2={grid} />
          <text className="chart__tick" x={-8} dy="0.35em" textAnchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      <text className="chart__tick" x={-at + 2} y={top - 12}>
        {label}
      </text>
    </g>
  );
}
