import { scaleLinear } from "@visx/scale";
import { Link } from "wouter";
import { ModelName } from "../../parts/model-name";
import type { RatingRow } from "./leaderboard-data";
import { rankText } from "./ranks";

/** One group's models, the best first, on one axis. */
export function RatingTable({ ratings }: { ratings: readonly RatingRow[] }) {
  const low = Math.min(...ratings.map((each) => each.rating_low), 900);
  const high = Math.max(...ratings.map((each) => each.rating_high), 1100);
  const percent = scaleLinear<number>({ domain: [low, high], range: [0, 100], nice: true });
  return (
    <table className="rating-table card">
      <caption className="visually-hidden">Ratings, the best first</caption>
      <thead>
        <tr>
          <th scope="col">Rank</th>
          <th scope="col">Model</th>
          <th scope="col">Rating</th>
          <th scope="col" className="rating-table__wide">
            <span className="visually-hidden">Rating with its 95 % interval</span>
            <span className="rating-table__axis" aria-hidden="true">
              {percent.ticks(4).map((tick) => (
                <span key={tick} style={{ left: `${percent(tick)}%` }}>
                  {tick}
                </span>
              ))}
            </span>
          </th>
          <th scope="col" className="rating-table__wide">
            Battles
          </th>
          <th scope="col">Won · tied · lost</th>
        </tr>
      </thead>
      <tbody>
        {ratings.map((each) => (
          <tr key={each.model_id}>
            <td>{rankText(each, ratings)}</td>
            <th scope="row">
              <Link href={`/model/${encodeURIComponent(each.model_id)}`}>
                <ModelName id={each.model_id} />
              </Link>
            </th>
            <td>
              <strong>{Math.round(each.rating)}</strong>{" "}
              <span className="rating-table__interval small muted">
                {Math.round(each.rating_low)}–{Math.round(each.rating_high)}
              </span>
            </td>
            <td className="rating-table__wide">
              <span className="rating-table__whisker" aria-hidden="true">
                <span className="rating-table__middle" style={{ left: `${percent(1000)}%` }} />
                <span
                  className="rating-table__line"
                  style={{
                    left: `${percent(each.rating_low)}%`,
                    right: `${100 - percent(each.rating_high)}%`,
                  }}
                />
                <span className="rating-table__point" style={{ left: `${percent(each.rating)}%` }} />
              </span>
            </td>
            <td className="rating-table__wide">{each.battles}</td>
            <td>
              {each.wins} · {each.ties} · {each.losses}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
