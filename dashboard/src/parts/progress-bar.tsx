import "./progress-bar.css";

interface ProgressBarProps {
  /** 0 to 1; null while it cannot be told. */
  value: number | null;
  label: string;
}

export function ProgressBar({ value, label }: ProgressBarProps) {
  const percent = value === null ? undefined : Math.round(100 * value);
  return (
    <div
      className={value === null ? "progress-bar progress-bar--unknown" : "progress-bar"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: `${percent ?? 100}%` }} />
    </div>
  );
}
