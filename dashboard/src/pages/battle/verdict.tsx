import { ModelName } from "../../parts/model-name";
import { COMPOSITE, type Side, type Standing, standing } from "../../result/advantage";
import { levelText, weightsText } from "../../result/facts";
import { intervalAxis } from "../../result/interval-axis";
import { SCORE } from "../../result/metrics";
import { objectOf, type Unknown } from "../../result/reading";
import { scoreWords } from "../../result/words";
import { IntervalBar, IntervalScale } from "./interval-bar";
import type { Names } from "./result-view";

interface VerdictProps {
  row: Unknown;
  names: Names;
  winner: Side | "tie" | null;
}

/** Both corners with their scores, and how sure the difference is. A tie has no bright corner. */
export function Verdict({ row, names, winner }: VerdictProps) {
  const score = standing(row, COMPOSITE);
  const verdict = objectOf(row.verdict);
  return (
    <section className={`verdict verdict--${winner ?? "open"}`} aria-label="Verdict">
      <div className="battle__ring">
        <Corner side="a" name={names.a} score={score} winner={winner} />
        <span className="battle__versus" aria-hidden="true">
          {winner === "tie" ? "=" : "vs"}
        </span>
        <Corner side="b" name={names.b} score={score} winner={winner} />
      </div>
      {score?.advantage && (
        <div className="verdict__difference">
          <Difference score={score} level={levelText(verdict)} />
          <p className="small muted">
            The score weighs {weightsText(verdict) || "what was measured of both"}.
          </p>
        </div>
      )}
    </section>
  );
}

function Corner({
  side,
  name,
  score,
  winner,
}: {
  side: Side;
  name: string;
  score: Standing | null;
  winner: VerdictProps["winner"];
}) {
  const value = score?.[side] ?? null;
  const tone = winner === "tie" ? "tie" : side;
  return (
    <div
      className={`corners corners--${tone} battle__corner${winner === side ? " battle__corner--winner" : ""}`}
    >
      <ModelName id={name} side={side} />
      <p className="verdict__score">
        {value === null ? "–" : SCORE.form(value)}
        <span className="small muted"> of 100</span>
      </p>
      <p className={`verdict__place verdict__place--${tone}`}>{place(side, winner)}</p>
    </div>
  );
}

function place(side: Side, winner: VerdictProps["winner"]): string {
  if (winner === "tie") return "tie";
  return winner === side ? "winner" : "";
}

function Difference({ score, level }: { score: Standing; level: string }) {
  const axis = intervalAxis("share", [score]);
  const [difference, interval] = scoreWords(score, level);
  return (
    <>
      <IntervalBar standing={score} axis={axis} label={`${difference}; ${interval}`} />
      <IntervalScale axis={axis} unit="difference in score, points" />
      <p>
        <strong>{difference}</strong>; {interval}.
      </p>
    </>
  );
}
