/** Who stands where, and how sure that is. */
import type { RatingRow, TallyRow } from "./leaderboard-data";

/**
 * "1", or "1–3" where intervals do not tell: a model may be as good as the best of those whose interval meets its own.
 *
 * @param of one group's ratings
 */
export function rankText(rating: RatingRow, of: readonly RatingRow[]): string {
  const surelyBetter = of.filter((other) => other.rating_low > rating.rating_high).length;
  const surelyWorse = of.filter((other) => other.rating_high < rating.rating_low).length;
  const [best, worst] = [surelyBetter + 1, of.length - surelyWorse];
  return best === worst ? `${best}` : `${best}–${worst}`;
}

export interface Meeting {
  won: number;
  tied: number;
  lost: number;
  /** Wins and half the ties of all; 0 to 1. */
  share: number;
}

/** How the first model fared against the second; null where they never met. */
export function meeting(first: string, second: string, tallies: readonly TallyRow[]): Meeting | null {
  const tally = tallies.find(
    ({ model_a, model_b }) =>
      (model_a === first && model_b === second) || (model_a === second && model_b === first),
  );
  if (!tally) return null;
  const isA = tally.model_a === first;
  const [won, lost] = isA ? [tally.wins_a, tally.wins_b] : [tally.wins_b, tally.wins_a];
  const all = won + lost + tally.ties;
  return all === 0 ? null : { won, lost, tied: tally.ties, share: (won + tally.ties / 2) / all };
}

/** The ratings of each group, the groups in their order. */
export function groupsOf(ratings: readonly RatingRow[]): RatingRow[][] {
  const groups = new Map<number, RatingRow[]>();
  for (const rating of ratings)
    groups.set(rating.connected_group, [...(groups.get(rating.connected_group) ?? []), rating]);
  return [...groups.entries()].sort(([one], [other]) => one - other).map(([, group]) => group);
}
