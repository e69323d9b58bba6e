-- For pgbench: a look-up, as the store does it.
\set user random(0, :users - 1)
select revision, change_id, record from device_set where shard_key = convert_to('alpha', 'UTF8') || '\x00'::bytea || convert_to('user' || lpad(:user::text, 7, '0') || '@example.com', 'UTF8') || '\x00'::bytea and kind = 9;
