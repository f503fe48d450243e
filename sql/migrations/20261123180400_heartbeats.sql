-- A heartbeat that meets prune_agents must not fail its call: insert ... on conflict of an agent that is just being
-- deleted waited for that, and then broke the foreign key. It is an update, but for the first one.

create or replace function arena.heartbeat(p_agent_id uuid) returns void
language plpgsql set search_path = '' as $$
begin
  update public.agent_heartbeats set seen_at = clock_timestamp() where agent_id = p_agent_id;
  if not found then
    insert into public.agent_heartbeats as h (agent_id, seen_at)
    select id, clock_timestamp() from public.agents where id = p_agent_id for key share
    on conflict (agent_id) do update set seen_at = excluded.seen_at;
  end if;
end
$$;

revoke all on all functions in schema arena from public;
