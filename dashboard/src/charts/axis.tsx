import { AxisBottom, AxisLeft } from "@visx/axis";
import { GridColumns, GridRows } from "@visx/grid";
import type { scaleLinear, scaleTime } from "@visx/scale";

type NumberScale = ReturnType<typeof scaleLinear<number>>;
type TimeScale = ReturnType<typeof scaleTime<number>>;

interface AxisProps<Scale, Value> {
  scale: Scale;
  /** Where it lies across, in pixels. */
  at: number;
  label: string;
  format?: (value: Value) => string;
  /** How far its grid lines reach, in pixels. */
  grid?: number;
}

type BottomAxisProps = AxisProps<NumberScale, number> | AxisProps<TimeScale, Date>;

const TICK_LENGTH = 5;
const plain = (value: number | Date) => value.toLocaleString("en-GB");

/** Below the plot. */
export function BottomAxis({ scale, at, label, format = plain, grid = 0 }: BottomAxisProps) {
  const [left = 0, right = 0] = scale.range();
  const numTicks = Math.max(2, Math.floor((right - left) / 80));
  return (
    <>
      {grid > 0 && (
        <GridColumns
          className="chart__grid"
          scale={scale}
          top={at - grid}
          height={grid}
          numTicks={numTicks}
        />
      )}
      <AxisBottom
        scale={scale}
        top={at}
        numTicks={numTicks}
        tickFormat={(value) => format(value as never)}
        tickLength={TICK_LENGTH}
        tickClassName="chart__tick"
        hideAxisLine
      />
      <text className="chart__label" x={right} y={at + 36} textAnchor="end">
        {label}
      </text>
    </>
  );
}

/** At the left of the plot. */
export function LeftAxis({ scale, at, label, format = plain, grid = 0 }: AxisProps<NumberScale, number>) {
  const [bottom = 0, top = 0] = scale.range();
  const numTicks = Math.max(2, Math.floor((bottom - top) / 50));
  return (
    <>
      {grid > 0 && (
        <GridRows className="chart__grid" scale={scale} left={at} width={grid} numTicks={numTicks} />
      )}
      <AxisLeft
        scale={scale}
        left={at}
        numTicks={numTicks}
        tickFormat={(value) => format(Number(value))}
        tickLength={TICK_LENGTH}
        tickClassName="chart__tick"
        hideAxisLine
      />
      <text className="chart__label" x={2} y={top - 12}>
        {label}
      </text>
    </>
  );
}
