-- A token sent with another job's id is refused, but its own attempt still lives: nothing of it is late.

create or replace function arena.refuse_late_end(p_lease_token uuid, p_state text) returns text
language plpgsql set search_path = '' as $$
begin
  update public.job_attempts a set refused_at = clock_timestamp()
  where lease_token = p_lease_token
    and not exists (
      select from public.job_leases l where l.lease_token = a.lease_token and l.expires_at > clock_timestamp());
  return case p_state when 'cancelled' then 'cancelled' else 'lost' end;
end
$$;

revoke all on all functions in schema arena from public;
