import { Link, useLocation } from "wouter";
import { useConnection } from "../../connection";
import { count } from "../../format";
import { useLiveQuery } from "../../live/use-live-query";
import { Ago } from "../../parts/ago";
import { Empty } from "../../parts/empty";
import { ErrorNote } from "../../parts/error-note";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import "./leaderboard.css";
import { type MachineRow, readBoard, readMachines } from "./leaderboard-data";
import { groupsOf } from "./ranks";
import { RatingTable } from "./rating-table";
import { WinMatrix } from "./win-matrix";

/** Ratings over all results, of each hardware on its own; first of what the address asks for. */
export default function Leaderboard({ asked }: { asked: string }) {
  const { supabase } = useConnection();
  const { data, error, refetch } = useLiveQuery({
    key: ["leaderboard"],
    tables: ["machines"],
    read: (signal) => readMachines(supabase, signal),
  });
  return (
    <Page
      title="Leaderboard"
      lead="Who beats whom, over all battles. Speed and energy depend on the hardware, so each kind of it has ratings of its own."
    >
      {error && !data && <ErrorNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height="60vh" />}
      {data?.length === 0 && (
        <Empty title="No ratings yet">
          <p>They are made from the first result on.</p>
          <Link href="/" className="button button--primary">
            Start a battle
          </Link>
        </Empty>
      )}
      {data && data.length > 0 && <Machines machines={data} asked={asked} />}
    </Page>
  );
}

function Machines({ machines, asked }: { machines: readonly MachineRow[]; asked: string }) {
  const [, navigate] = useLocation();
  const choose = (next: string) => navigate(`/leaderboard/${encodeURIComponent(next)}`, { replace: true });
  const found = machines.find((each) => each.machine === asked);
  const machine = found ?? (machines[0] as MachineRow);
  return (
    <>
      {asked && !found && <p>There are no results of the hardware in this address. Here is another one.</p>}
      <label className="leaderboard__machine">
        Hardware
        <select value={machine.machine} onChange={(event) => choose(event.target.value)}>
          {machines.map((each) => (
            <option key={each.machine} value={each.machine}>
              {each.hardware} ({count(each.results, "result")})
            </option>
          ))}
        </select>
      </label>
      <Ratings key={machine.machine} machine={machine} />
    </>
  );
}

function Ratings({ machine }: { machine: MachineRow }) {
  const { supabase } = useConnection();
  const { data, error, refetch } = useLiveQuery({
    key: ["board", machine.machine],
    tables: ["machines"],
    concerns: ({ row }) => row.machine === machine.machine,
    read: (signal) => readBoard(supabase, machine.machine, signal),
  });
  if (error && !data) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={480} />;
  const groups = groupsOf(data.ratings);
  return (
    <>
      <p className="muted">
        From {count(machine.results, "result")} on this hardware.{" "}
        {machine.rated_version < machine.tallied_version ? (
          "New results are being rated; an agent does it."
        ) : (
          <>Rated {machine.rated_at && <Ago at={machine.rated_at} />}.</>
        )}
      </p>
      {groups.length > 1 && (
        <p>Some models never met, not even through others: each group below is rated for itself.</p>
      )}
      {groups.map((group) => (
        <RatingTable key={group[0]?.model_id} ratings={group} />
      ))}
      <WinMatrix models={data.ratings.map(({ model_id }) => model_id)} tallies={data.tallies} />
      <section className="stack" aria-labelledby="meaning">
        <h2 id="meaning">What a rating says</h2>
        <p>
          How likely a model is to win a battle here: 100 points more win about 64 of 100 battles, 400 points
          ten of eleven; a tie counts as half a win for each. 1000 is the middle. The line around it is the 95
          % interval: the more battles, the shorter it is; ranks are shared where the lines meet. It says
          nothing of how large the wins were, or of other images than those that were fought over: look at the
          battles for that.
        </p>
      </section>
    </>
  );
}
