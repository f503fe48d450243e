-- A lease that cannot be taken back (a trigger of somebody's own that raises, say) must not keep all agents from claiming.

create or replace function arena.take_back_expired_leases() returns void
language plpgsql set search_path = '' as $$
declare
  v_lease public.job_leases;
begin
  for v_lease in select * from public.job_leases where expires_at <= clock_timestamp() loop
    begin
      perform arena.take_back(v_lease);
    exception when others then
      raise warning 'Job % could not be taken back: %', v_lease.job_id, sqlerrm;
    end;
  end loop;
end
$$;

revoke all on all functions in schema arena from public;
