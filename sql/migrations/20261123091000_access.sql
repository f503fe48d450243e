-- Who may do what with the tables; the functions' grants stand beside the functions.
-- Older projects and some local stacks grant by themselves, newer ones nothing: so all is revoked first, then granted.

revoke all on table
  public.models, public.jobs, public.job_leases, public.job_attempts, public.comparison_results, public.image_results,
  public.agents, public.agent_heartbeats, public.live_agents
from public, anon, authenticated, service_role, arena_agent;

grant select, insert, update, delete on table
  public.models, public.jobs, public.job_leases, public.job_attempts, public.comparison_results, public.image_results,
  public.agents, public.agent_heartbeats
to service_role;
grant select on table public.live_agents to service_role;

grant select on table
  public.models, public.jobs, public.comparison_results, public.image_results,
  public.agents, public.agent_heartbeats, public.live_agents
to anon, authenticated;
grant select (job_id, attempt, agent_id, started_at, ended_at, outcome, error, refused_at)
  on table public.job_attempts to anon, authenticated;
grant insert (model_a, model_b, images, options, priority, run_at, max_attempts, idempotency_key)
  on table public.jobs to anon, authenticated;

-- What Realtime has to see to wake the agent. Everything else the agent does is a function.
grant select on table public.models, public.jobs, public.agents to arena_agent;

-- Rows. The agent's policies must not call auth.uid(): on hosted Supabase a role of one's own may not.

drop policy if exists models_are_public on public.models;
create policy models_are_public on public.models for select to anon, authenticated, arena_agent using (true);

drop policy if exists agents_are_public on public.agents;
create policy agents_are_public on public.agents for select to anon, authenticated, arena_agent using (true);

drop policy if exists agent_heartbeats_are_public on public.agent_heartbeats;
create policy agent_heartbeats_are_public on public.agent_heartbeats for select to anon, authenticated using (true);

-- Results are public on purpose, whoever asked for them: the leaderboard is made of them. They name no image.
drop policy if exists comparison_results_are_public on public.comparison_results;
create policy comparison_results_are_public on public.comparison_results for select to anon, authenticated using (true);

drop policy if exists jobs_insert_own on public.jobs;
create policy jobs_insert_own on public.jobs for insert to anon, authenticated
  with check (created_by is not distinct from (select auth.uid()));

drop policy if exists jobs_select_own_or_ownerless on public.jobs;
create policy jobs_select_own_or_ownerless on public.jobs for select to anon, authenticated
  using (created_by is null or created_by = (select auth.uid()));

drop policy if exists jobs_wake_the_agent on public.jobs;
create policy jobs_wake_the_agent on public.jobs for select to arena_agent using (true);

drop policy if exists image_results_follow_their_job on public.image_results;
create policy image_results_follow_their_job on public.image_results for select to anon, authenticated
  using (exists (select from public.jobs j where j.id = job_id));

drop policy if exists job_attempts_follow_their_job on public.job_attempts;
create policy job_attempts_follow_their_job on public.job_attempts for select to anon, authenticated
  using (exists (select from public.jobs j where j.id = job_id));

notify pgrst, 'reload schema';
