-- Where a job starts, and which states follow which.

-- Runs as the inserter, whose role decides: people start a job as theirs, pending and untouched, whatever they send.
create or replace function arena.start_as_pending() returns trigger
language plpgsql set search_path = '' as $$
begin
  if current_user in ('anon', 'authenticated') then
    new.created_by := auth.uid();
    new.created_at := clock_timestamp();
    new.run_at := greatest(new.run_at, new.created_at);  -- a date in the past would jump the queue
    new.status := 'pending';
    new.attempt := 0;
    new.progress := null;
    new.error := null;
    new.started_at := null;
    new.finished_at := null;
  end if;
  return new;
end
$$;

create or replace trigger jobs_start_as_pending
  before insert on public.jobs
  for each row execute function arena.start_as_pending();

create or replace function arena.guard_transition() returns trigger
language plpgsql set search_path = '' as $$
begin
  if (old.status, new.status) not in (
    ('pending', 'running'), ('pending', 'cancelled'),
    ('running', 'succeeded'), ('running', 'failed'), ('running', 'cancelled'), ('running', 'pending'),
    ('failed', 'pending'))
  then
    raise exception 'A job cannot go from % to %.', old.status, new.status
      using errcode = 'check_violation',
        hint = 'Use the functions claim_job, complete_job, fail_job, release_job, cancel_job and retry_job.';
  end if;
  return new;
end
$$;

create or replace trigger jobs_guard_transition
  before update of status on public.jobs
  for each row when (old.status is distinct from new.status)
  execute function arena.guard_transition();

revoke all on all functions in schema arena from public;
