import { Link } from "wouter";
import { count } from "../../format";
import { Ago } from "../../parts/ago";
import { numberOf, objectOf, textOf } from "../../result/reading";
import type { LiveAgent } from "./live-data";

export function Agents({ agents }: { agents: readonly LiveAgent[] }) {
  return (
    <section className="stack" aria-labelledby="agents">
      <h2 id="agents">Agents</h2>
      {agents.length === 0 && (
        <p className="muted">
          No agent is running, so battles wait. Start one on the machine that is to be measured:{" "}
          <code>arena agent</code>
        </p>
      )}
      <ul className="agent-cards">
        {agents.map((agent) => (
          <li key={agent.id} className={`agent-card card agent-card--${agent.status}`}>
            <h3>{agent.name}</h3>
            <p className="small muted">{hardwareText(agent.hardware)}</p>
            <p>
              {agent.status === "working" && agent.job_id ? (
                <>
                  works on <Link href={`/battle/${agent.job_id}`}>a battle</Link>
                </>
              ) : (
                "waits for a battle"
              )}
            </p>
            <p className="small muted">
              {count((agent.models ?? []).length, "model")} · seen{" "}
              {agent.seen_at && <Ago at={agent.seen_at} />}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "NVIDIA L4" or "AMD EPYC, 2 cores". */
function hardwareText(hardware: unknown): string {
  const gpu = textOf(objectOf(hardware, "gpu").name);
  if (gpu) return gpu;
  const cpu = objectOf(hardware, "cpu");
  const cores = numberOf(cpu.logical_cores);
  return `${textOf(cpu.model) || "unknown processor"}${cores === null ? "" : `, ${cores} cores`}`;
}
