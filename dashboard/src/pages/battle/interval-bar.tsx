import { isBeyondChance, type Standing } from "../../result/advantage";
import type { IntervalAxis } from "../../result/interval-axis";
import "./interval-bar.css";

interface IntervalBarProps {
  standing: Standing;
  axis: IntervalAxis;
  /** What it shows, in words. */
  label: string;
}

/**
 * The difference as a point and its interval as a line: left of the middle A is better, right of it B. One that leaves
 * the middle free, and passes its test, wears the better side's colour; an open point was not tested.
 */
export function IntervalBar({ standing, axis, label }: IntervalBarProps) {
  const { advantage } = standing;
  const tone = isBeyondChance(standing) ? standing.better : "none";
  return (
    <div className={`interval-bar interval-bar--${tone}`} role="img" aria-label={label}>
      <span className="interval-bar__zero" />
      {advantage?.limits && (
        <span
          className="interval-bar__line"
          style={{
            left: `${place(advantage.limits[0], axis)}%`,
            right: `${100 - place(advantage.limits[1], axis)}%`,
          }}
        />
      )}
      {advantage && (
        <span
          className={
            advantage.limits ? "interval-bar__point" : "interval-bar__point interval-bar__point--open"
          }
          style={{ left: `${place(advantage.value, axis)}%` }}
        />
      )}
    </div>
  );
}

export function IntervalScale({ axis, unit }: { axis: IntervalAxis; unit: string }) {
  return (
    <div className="interval-scale small muted" aria-hidden="true">
      <span>◂ A better {axis.label}</span>
      <span>{unit}</span>
      <span>{axis.label} B better ▸</span>
    </div>
  );
}

/** From 0 at the axis's left end to 100 at its right one. */
function place(value: number, axis: IntervalAxis): number {
  return Math.max(0, Math.min(100, 50 + (50 * value) / axis.limit));
}
