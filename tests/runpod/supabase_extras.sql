-- Stand-ins for pg_cron, pg_net and Supabase's Vault; what net.http_post is given stays in net.sent until a test sends it.
create schema cron;
create table cron.job (jobname text primary key, schedule text, command text);
create function cron.schedule(job_name text, schedule text, command text) returns void language sql as
  'insert into cron.job values ($1, $2, $3) on conflict (jobname) do update set schedule = $2, command = $3';

create schema net;
create table net._http_response (id bigint primary key, status_code int, content text, error_msg text);
create table net.sent (id bigint generated always as identity, url text, body jsonb, headers jsonb);
create function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000)
returns bigint language sql as 'insert into net.sent (url, body, headers) values ($1, $2, $4) returning id';

create schema vault;
create table vault.decrypted_secrets (name text unique, decrypted_secret text);
create function vault.create_secret(new_secret text, new_name text) returns void language sql as
  'insert into vault.decrypted_secrets values ($2, $1)';
