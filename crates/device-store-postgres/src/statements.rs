//! Every statement the store sends, in one place.
//!
//! Those of [`Reach::OneUser`] name the shard key by equality, so that a database that is spread over many machines asks one of them. A test reads them all.

use tokio_postgres::types::Type;

/// A statement and the types of its parameters, which are said to the server so that it need not be asked for them.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    /// The text.
    pub sql: &'static str,
    /// The types of `$1`, `$2` and so on.
    pub parameters: &'static [Type],
    /// What it touches.
    pub reach: Reach,
}

/// What a statement touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Rows of one user.
    OneUser,
    /// A walk over everything: scans, the change log and its upkeep.
    Walk,
    /// What the store says of itself.
    Note,
}

const fn of_one_user(sql: &'static str, parameters: &'static [Type]) -> Statement {
    Statement { sql, parameters, reach: Reach::OneUser }
}

const fn walk(sql: &'static str, parameters: &'static [Type]) -> Statement {
    Statement { sql, parameters, reach: Reach::Walk }
}

const fn note(sql: &'static str, parameters: &'static [Type]) -> Statement {
    Statement { sql, parameters, reach: Reach::Note }
}

/// All of them, for tests.
pub const ALL: &[Statement] = &[
    LOAD,
    RESOLVE,
    SCAN,
    UPDATE_SET,
    INSERT_SET,
    IS_QUEUED,
    IS_NUMBERED,
    HAS_SETS,
    HOLD_SETS,
    SETS_OF_USER,
    PURGE,
    CHANGES,
    LOCK_LOG,
    NUMBER_CHANGES,
    TRIM,
    READ_NOTE,
    WRITE_NOTE,
    REMOVE_NOTE,
    SYNCHRONOUS_COMMIT,
    HAS_CITUS,
    IS_DISTRIBUTED,
    DISTRIBUTE_SETS,
    DISTRIBUTE_ALIASES,
    DISTRIBUTE_QUEUE,
];

/// A set. `$1` shard key, `$2` kind.
pub const LOAD: Statement = of_one_user(
    "select revision, change_id, record from device_set where shard_key = $1 and kind = $2",
    &[Type::BYTEA, Type::INT2],
);

/// An alias. `$1` its shard key.
pub const RESOLVE: Statement =
    of_one_user("select record from device_alias where shard_key = $1", &[Type::BYTEA]);

/// Sets in key order. `$1`, `$2` the key after which, `$3` how many.
pub const SCAN: Statement = walk(
    "select shard_key, kind, revision, record from device_set where (shard_key, kind) > ($1, $2) \
     order by shard_key, kind limit $3",
    &[Type::BYTEA, Type::INT2, Type::INT8],
);

/// What a swap does beside the set, if the set was `stored`: the alias, unless it says the same, and the change.
/// The change's sequence number is drawn when `stored` has its row, and with it the lock on it.
macro_rules! with_alias_and_change {
    ($stored:literal) => {
        concat!(
            "with stored as (",
            $stored,
            " returning kind), aliased as (\
                insert into device_alias (shard_key, leads_to, record) select $7, $1, $8 from stored where $7 is not null \
                on conflict (shard_key) do update set leads_to = excluded.leads_to, record = excluded.record \
                where device_alias.record is distinct from excluded.record\
             ), queued as (\
                insert into device_change_queue (shard_key, change_id, record) select $1, $5, $9 from stored\
             ) select count(*) from stored"
        )
    };
}

const SWAP_PARAMETERS: &[Type] = &[
    Type::BYTEA,
    Type::INT2,
    Type::INT8,
    Type::INT8,
    Type::UUID,
    Type::BYTEA,
    Type::BYTEA,
    Type::BYTEA,
    Type::BYTEA,
];

/// A swap of a set that is stored. `$1` shard key, `$2` kind, `$3` expected revision, `$4` next revision, `$5` id of the change, `$6` record, `$7` shard key of the alias
/// or null, `$8` its record, `$9` record of the change. One row: how many sets were stored.
pub const UPDATE_SET: Statement = of_one_user(
    with_alias_and_change!(
        "update device_set set revision = $4, change_id = $5, record = $6 where shard_key = $1 and kind = $2 and revision = $3"
    ),
    SWAP_PARAMETERS,
);

/// The first swap of a set. As [`UPDATE_SET`]; `$3` means nothing.
pub const INSERT_SET: Statement = of_one_user(
    with_alias_and_change!(
        "insert into device_set (shard_key, kind, revision, change_id, record) values ($1, $2, $4, $5, $6) on conflict (shard_key, kind) do nothing"
    ),
    SWAP_PARAMETERS,
);

/// Whether a change is committed and has no number yet. `$1` shard key, `$2` its id.
pub const IS_QUEUED: Statement = of_one_user(
    "select exists (select 1 from device_change_queue where shard_key = $1 and change_id = $2)",
    &[Type::BYTEA, Type::UUID],
);

/// Whether a change is in the log. `$1` its id. Only writers in doubt ask, so the log has no index for it.
pub const IS_NUMBERED: Statement =
    walk("select exists (select 1 from device_change where change_id = $1)", &[Type::UUID]);

/// Whether anything of a user is stored. `$1` shard key.
pub const HAS_SETS: Statement =
    of_one_user("select exists (select 1 from device_set where shard_key = $1)", &[Type::BYTEA]);

/// Takes the places of a user's sets that are not stored, so that none can be stored beside a purge; waits for those that are being stored.
/// `$1` shard key, `$2` all kinds, `$3` any id.
pub const HOLD_SETS: Statement = of_one_user(
    "insert into device_set (shard_key, kind, revision, change_id, record) \
     select $1, kind, 0, $3, '' from unnest($2) as kinds (kind) order by kind on conflict (shard_key, kind) do nothing",
    &[Type::BYTEA, Type::INT2_ARRAY, Type::UUID],
);

/// All sets of a user, locked. `$1` shard key.
pub const SETS_OF_USER: Statement = of_one_user(
    "select kind, revision, record from device_set where shard_key = $1 and revision <> 0 order by kind for update",
    &[Type::BYTEA],
);

/// Forgets a user. `$1` shard key, `$2` shard keys of the aliases of its owners' ids, `$3` id of the change, `$4` its record.
pub const PURGE: Statement = of_one_user(
    "with gone as (delete from device_set where shard_key = $1 returning kind), \
     unaliased as (delete from device_alias where shard_key = any ($2) and leads_to = $1) \
     insert into device_change_queue (shard_key, change_id, record) select $1, $3, $4 from (select count(*) from gone) as all_gone",
    &[Type::BYTEA, Type::BYTEA_ARRAY, Type::UUID, Type::BYTEA],
);

/// A page of the log, and where the log stands: at least one row. `$1` the first number that is wanted, `$2` how many.
pub const CHANGES: Statement = walk(
    "select l.first, exists (select 1 from device_change_queue) as queued, c.number, c.change_id, c.record \
     from device_change_log l left join lateral (\
        select number, change_id, record from device_change where number >= greatest($1, l.first) order by number limit $2\
     ) c on true where l.id = 1 order by c.number",
    &[Type::INT8, Type::INT8],
);

/// Locks the log for whoever gives numbers.
pub const LOCK_LOG: Statement =
    walk("select first, next from device_change_log where id = 1 for update", &[]);

/// Gives committed changes their numbers, and forgets the oldest. `$1` how many at most, `$2` the next number, `$3` how many changes are kept. One row: how many got a number.
/// To be sent while [`LOCK_LOG`] holds, in a snapshot taken after that. Whoever is forgotten by it is deleted by the next one.
pub const NUMBER_CHANGES: Statement = walk(
    "with oldest as (select shard_key, sequence from device_change_queue order by sequence limit $1), \
     moved as (\
        delete from device_change_queue q using oldest where q.shard_key = oldest.shard_key and q.sequence = oldest.sequence \
        returning q.sequence, q.change_id, q.record\
     ), numbered as (\
        insert into device_change (number, change_id, record) \
        select $2 - 1 + row_number() over (order by sequence), change_id, record from moved returning number\
     ), log as (\
        update device_change_log set next = $2 + (select count(*) from numbered), \
            first = greatest(first, $2 + (select count(*) from numbered) - $3) where id = 1 returning first\
     ), forgotten as (delete from device_change where number < (select first from log)) \
     select count(*) from numbered",
    &[Type::INT8, Type::INT8, Type::INT8],
);

/// Forgets the changes before a number. `$1` the number. To be sent while [`LOCK_LOG`] holds.
pub const TRIM: Statement = walk(
    "with log as (update device_change_log set first = greatest(first, least($1, next)) where id = 1 returning first) \
     delete from device_change where number < (select first from log)",
    &[Type::INT8],
);

/// What the store says of itself. `$1` the name of the note.
pub const READ_NOTE: Statement =
    note("select value from store_note where name = $1", &[Type::TEXT]);

/// Notes something. `$1` the name, `$2` the value.
pub const WRITE_NOTE: Statement = note(
    "insert into store_note (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    &[Type::TEXT, Type::TEXT],
);

/// Takes a note away. `$1` the name.
pub const REMOVE_NOTE: Statement = note("delete from store_note where name = $1", &[Type::TEXT]);

/// Whether commits wait for the disk.
pub const SYNCHRONOUS_COMMIT: Statement = note("select current_setting('synchronous_commit')", &[]);

/// Whether the database has the extension that distributes tables.
pub const HAS_CITUS: Statement =
    note("select exists (select 1 from pg_extension where extname = 'citus')", &[]);

/// Whether the tables are distributed. Only where the extension is.
pub const IS_DISTRIBUTED: Statement = note(
    "select exists (select 1 from pg_dist_partition where logicalrelid = 'device_change_queue'::regclass)",
    &[],
);

/// Distributes the sets.
pub const DISTRIBUTE_SETS: Statement =
    note("select create_distributed_table('device_set', 'shard_key')", &[]);

/// Distributes the aliases as the sets are.
pub const DISTRIBUTE_ALIASES: Statement = note(
    "select create_distributed_table('device_alias', 'shard_key', colocate_with => 'device_set')",
    &[],
);

/// Distributes the queue of changes as the sets are, so that a change is queued where its set is stored.
pub const DISTRIBUTE_QUEUE: Statement = note(
    "select create_distributed_table('device_change_queue', 'shard_key', colocate_with => 'device_set')",
    &[],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// A database that is spread over many machines must be asked on one of them only.
    #[test]
    fn statements_of_one_user_name_the_shard_key_by_equality() {
        for statement in ALL.iter().filter(|statement| statement.reach == Reach::OneUser) {
            let table = |place: &str| {
                ["device_set", "device_alias", "device_change_queue"]
                    .iter()
                    .any(|name| place.starts_with(name))
            };
            for place in statement.sql.split("insert into ").skip(1).filter(|place| table(place)) {
                // The alias has a shard key of its own.
                let given = ["values ($1,", "select $1,", "select $7,"];
                assert!(given.iter().any(|given| place.contains(given)), "{place}");
            }
            for verb in ["from ", "update "] {
                for place in statement.sql.split(verb).skip(1).filter(|place| table(place)) {
                    let named = ["where shard_key = $1", "where shard_key = any ($2)"];
                    assert!(named.iter().any(|named| place.contains(named)), "{place}");
                }
            }
            assert_eq!(statement.parameters.first(), Some(&Type::BYTEA), "{}", statement.sql);
        }
    }

    #[test]
    fn nothing_is_used_that_spread_databases_lack() {
        for word in ["advisory", "listen ", "notify", "ctid", "serial", "temporary"] {
            for statement in ALL {
                assert!(!statement.sql.contains(word), "{word}: {}", statement.sql);
            }
        }
    }

    #[test]
    fn every_statement_is_listed() {
        let defined = include_str!("statements.rs").matches(": Statement =").count();
        // The line above is one.
        assert_eq!(ALL.len(), defined - 1);
    }
}
