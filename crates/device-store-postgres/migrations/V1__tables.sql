-- What the store says of itself: which table names are folded with, and whether it is an unfinished copy.
create table store_note (
    name text primary key,
    value text not null
);

-- One row a device set. The shard key is realm and folded username; the revision stands beside the record for the compare-and-swap, the id of the last change for writers in doubt.
-- Room is left in each page, so that an update finds its place beside what it replaces.
create table device_set (
    shard_key bytea not null,
    kind smallint not null,
    revision bigint not null,
    change_id uuid not null,
    record bytea not null,
    primary key (shard_key, kind)
) with (fillfactor = 80);

-- From realm and folded user id, which is a shard key of its own, to a username. `leads_to` is the shard key of that user's sets.
create table device_alias (
    shard_key bytea primary key,
    leads_to bytea not null,
    record bytea not null
);

-- Changes as they are committed. A sequence number is drawn while the row of the set is locked, so that the changes of one set stand in the order of its revisions;
-- between sets nothing is said, for transactions commit in any order.
create sequence device_change_sequence;
create table device_change_queue (
    shard_key bytea not null,
    sequence bigint not null default nextval('device_change_sequence'),
    change_id uuid not null,
    record bytea not null,
    primary key (shard_key, sequence)
);

-- Changes with the number under which readers get them, which is given after they were committed, and the numbers that are kept.
create table device_change (
    number bigint primary key,
    change_id uuid not null,
    record bytea not null
);
create table device_change_log (
    id smallint primary key check (id = 1),
    first bigint not null,
    next bigint not null
);
insert into device_change_log (id, first, next) values (1, 1, 1);
