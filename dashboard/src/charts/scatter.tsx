import { scaleLinear } from "@visx/scale";
import { ms, percent } from "../format";
import { BottomAxis, LeftAxis } from "./axis";
import { Frame } from "./frame";

export interface ScatterPoint {
  key: string;
  /** Milliseconds. */
  speedMs: number;
  /** 0 to 1. */
  accuracy: number;
  label: string;
  /** null: one of the others, which give the place. */
  tone: "a" | "b" | null;
}

const HEIGHT = 320;
const MARGIN = { top: 34, right: 24, bottom: 46, left: 48 };

/** Accuracy against speed: up and left is better. */
export function Scatter({ points }: { points: readonly ScatterPoint[] }) {
  const named = points.filter((point) => point.tone);
  const label = `Accuracy against speed; up and left is better. ${named
    .map((point) => `${point.label}: ${percent(point.accuracy)} at ${ms(point.speedMs)}`)
    .join("; ")}.`;
  const slowest = Math.max(...points.map((point) => point.speedMs));
  const lowest = Math.min(...points.map((point) => point.accuracy));
  return (
    <Frame height={HEIGHT} label={label}>
      {(width) => {
        const x = scaleLinear<number>({
          domain: [0, slowest * 1.15],
          range: [MARGIN.left, width - MARGIN.right],
          nice: true,
        });
        const y = scaleLinear<number>({
          domain: [Math.max(0, lowest - Math.max(0.05, 0.3 * (1 - lowest))), 1],
          range: [HEIGHT - MARGIN.bottom, MARGIN.top],
        });
        return (
          <>
            <BottomAxis
              scale={x}
              at={HEIGHT - MARGIN.bottom}
              label="speed, ms (median)"
              grid={HEIGHT - MARGIN.bottom - MARGIN.top}
            />
            <LeftAxis
              scale={y}
              at={MARGIN.left}
              label="count accuracy; up and left is better"
              format={(value) => `${Math.round(100 * value)} %`}
              grid={width - MARGIN.left - MARGIN.right}
            />
            {points.map((point) => (
              <Dot key={point.key} point={point} left={x(point.speedMs)} top={y(point.accuracy)} />
            ))}
          </>
        );
      }}
    </Frame>
  );
}

function Dot({ point, left, top }: { point: ScatterPoint; left: number; top: number }) {
  const className = `chart__${point.tone ?? "tie"}`;
  if (!point.tone)
    return <circle className={className} cx={left} cy={top} r={3.5} opacity={0.35} strokeWidth={0} />;
  return (
    <>
      <Mark tone={point.tone} x={left} y={top} />
      {/* A model's id may be longer than a phone is wide: the letter alone, its name stands below. */}
      <text
        className={className}
        x={left}
        y={top}
        dx={point.tone === "a" ? -13 : 13}
        dy="0.35em"
        textAnchor={point.tone === "a" ? "end" : "start"}
      >
        {point.tone.toUpperCase()}
      </text>
    </>
  );
}

/** A's is a circle and B's a diamond, so that they differ without colour. */
export function Mark({ tone, x, y }: { tone: "a" | "b"; x: number; y: number }) {
  return tone === "a" ? (
    <circle className="chart__a" cx={x} cy={y} r={8} />
  ) : (
    <path className="chart__b" transform={`translate(${x} ${y})`} d="M0-10 10 0 0 10-10 0Z" />
  );
}
