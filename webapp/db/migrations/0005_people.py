"""Finding people among a million: folded columns, an index of grams, and counts of who can recover by mail.

What the two databases need beyond tables is written here in their own SQL, since Tortoise knows no full-text index, no
partial index and no trigger.
"""

from typing import Any, Final

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor

from webapp.db.search_text import fold_for_search

_BATCH: Final = 5_000
_PARTS: Final = "username_search, email_search, name_search"
_FEW: Final = {
    "disabled": "state = 'disabled'",
    "frozen": "frozen_at IS NOT NULL",
    "deleted": "deleted_at IS NOT NULL",
    "must_change": "must_change",
    "no_address": "email IS NULL",
    "unverified": "email_verified_at IS NULL",
    "undeliverable": "email_refused_at IS NOT NULL",
    "factor": "second_factor",
    "no_password": "password_hash IS NULL",
    "staff": "role <> 'user'",
}
"""What the list is narrowed by, where few people may be so: an index of these people alone, in the list's order."""


def _recovery(row: str = "") -> str:
    """SQL for whether and why not a person can recover by mail; see ``users.reachability``."""
    return (
        f"CASE WHEN {row}deleted_at IS NOT NULL THEN 'deleted'"
        f" WHEN {row}state <> 'active' OR {row}frozen_at IS NOT NULL THEN 'disabled'"
        f" WHEN {row}email IS NULL THEN 'no_address'"
        f" WHEN {row}email_refused_at IS NOT NULL THEN 'undeliverable'"
        f" WHEN {row}email_verified_at IS NULL THEN 'unverified' ELSE 'verified' END"
    )


_CLASSES: Final = ("deleted", "disabled", "no_address", "undeliverable", "unverified", "verified")
_DECISIVE: Final = "state, frozen_at, email, email_refused_at, email_verified_at, deleted_at"


async def _fill(_apps: Any, editor: BaseSchemaEditor) -> None:
    client = editor.client
    marks = ["?"] * 4 if client.capabilities.dialect == "sqlite" else ["$1", "$2", "$3", "$4"]
    update = (
        f"UPDATE users SET username_search = {marks[0]}, email_search = {marks[1]}, name_search = {marks[2]} "
        f"WHERE id = {marks[3]}"
    )
    last = 0
    while True:
        people = await client.execute_query_dict(
            f"SELECT id, username, email, display_name FROM users WHERE id > {last} ORDER BY id LIMIT {_BATCH}"
        )
        for each in people:
            texts = (each["username"], each["email"] or "", each["display_name"] or each["username"])
            await client.execute_query(update, [*map(fold_for_search, texts), each["id"]])
        if len(people) < _BATCH:
            return
        last = people[-1]["id"]


async def _index(_apps: Any, editor: BaseSchemaEditor) -> None:
    is_sqlite = editor.client.capabilities.dialect == "sqlite"
    binary = "" if is_sqlite else ' COLLATE "C"'
    never = "'0001-01-01 00:00:00+00:00'" if is_sqlite else "'0001-01-01 00:00:00+00'::timestamptz"
    statements = [f"CREATE INDEX users_{part} ON users ({part}{binary}, id)" for part in _PARTS.split(", ")]
    statements += [
        "CREATE INDEX users_created ON users (created_at, id)",
        f"CREATE INDEX users_last_sign_in ON users (COALESCE(last_sign_in_at, {never}), id)",
    ]
    statements += [
        f"CREATE INDEX users_{name} ON users (name_search{binary}, id) WHERE {condition}"
        for name, condition in _FEW.items()
    ]
    for statement in [*statements, *(_SQLITE if is_sqlite else _POSTGRES)]:
        await editor.client.execute_query(statement)


_SQLITE: Final = (
    # Grams are looked up, never ranked nor shown, so neither places nor texts are kept.
    "CREATE VIRTUAL TABLE user_grams USING fts5(grams, content='', detail='none', columnsize=0, tokenize='ascii')",
    f"INSERT INTO user_grams (rowid, grams) SELECT id, postern_grams({_PARTS}) FROM users",
    "CREATE TRIGGER users_grams_insert AFTER INSERT ON users BEGIN"
    " INSERT INTO user_grams (rowid, grams)"
    " VALUES (NEW.id, postern_grams(NEW.username_search, NEW.email_search, NEW.name_search)); END",
    "CREATE TRIGGER users_grams_delete AFTER DELETE ON users BEGIN"
    " INSERT INTO user_grams (user_grams, rowid, grams)"
    " VALUES ('delete', OLD.id, postern_grams(OLD.username_search, OLD.email_search, OLD.name_search)); END",
    f"CREATE TRIGGER users_grams_update AFTER UPDATE OF {_PARTS} ON users BEGIN"
    " INSERT INTO user_grams (user_grams, rowid, grams)"
    " VALUES ('delete', OLD.id, postern_grams(OLD.username_search, OLD.email_search, OLD.name_search));"
    " INSERT INTO user_grams (rowid, grams)"
    " VALUES (NEW.id, postern_grams(NEW.username_search, NEW.email_search, NEW.name_search)); END",
    "CREATE TABLE recovery_counts (recovery TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
    f"INSERT INTO recovery_counts SELECT recovery, 0 FROM ({' UNION ALL '.join(f'SELECT {each!r} AS recovery' for each in _CLASSES)})",  # noqa: E501
    f"UPDATE recovery_counts SET number = (SELECT count(*) FROM users WHERE {_recovery()} = recovery)",
    "CREATE TRIGGER users_recovery_insert AFTER INSERT ON users BEGIN"
    f" UPDATE recovery_counts SET number = number + 1 WHERE recovery = {_recovery('NEW.')}; END",
    "CREATE TRIGGER users_recovery_delete AFTER DELETE ON users BEGIN"
    f" UPDATE recovery_counts SET number = number - 1 WHERE recovery = {_recovery('OLD.')}; END",
    f"CREATE TRIGGER users_recovery_update AFTER UPDATE OF {_DECISIVE} ON users"
    f" WHEN {_recovery('OLD.')} <> {_recovery('NEW.')} BEGIN"
    f" UPDATE recovery_counts SET number = number - 1 WHERE recovery = {_recovery('OLD.')};"
    f" UPDATE recovery_counts SET number = number + 1 WHERE recovery = {_recovery('NEW.')}; END",
)

_POSTGRES: Final = (
    # Grams across the places where parts meet do no harm: what an index finds is looked at.
    """CREATE FUNCTION postern_grams(username text, email text, name text) RETURNS text[]
       LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
       DECLARE
         letters text[] := string_to_array(concat_ws(chr(31), username, email, name), NULL);
         found text[] := letters;
       BEGIN
         FOR i IN 1 .. cardinality(letters) - 1 LOOP
           found := found || (letters[i] || letters[i + 1]);
         END LOOP;
         FOR i IN 1 .. cardinality(letters) - 2 LOOP
           found := found || (letters[i] || letters[i + 1] || letters[i + 2]);
         END LOOP;
         RETURN found;
       END $$""",
    f"CREATE INDEX users_grams ON users USING gin (postern_grams({_PARTS}))",
    # Rows of differences, which are added up when read: counting in one row would have all that write people wait
    # for each other.
    "CREATE TABLE recovery_counts (recovery text NOT NULL, number bigint NOT NULL)",
    f"INSERT INTO recovery_counts SELECT {_recovery()}, count(*) FROM users GROUP BY 1",
    f"""CREATE FUNCTION postern_count_recovery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF TG_OP = 'INSERT' THEN
           INSERT INTO recovery_counts SELECT {_recovery()}, count(*) FROM touched GROUP BY 1;
         ELSIF TG_OP = 'DELETE' THEN
           INSERT INTO recovery_counts SELECT {_recovery()}, -count(*) FROM touched GROUP BY 1;
         ELSE
           INSERT INTO recovery_counts VALUES ({_recovery("OLD.")}, -1), ({_recovery("NEW.")}, 1);
         END IF;
         RETURN NULL; END $$""",
    "CREATE TRIGGER users_recovery_insert AFTER INSERT ON users REFERENCING NEW TABLE AS touched"
    " FOR EACH STATEMENT EXECUTE FUNCTION postern_count_recovery()",
    "CREATE TRIGGER users_recovery_delete AFTER DELETE ON users REFERENCING OLD TABLE AS touched"
    " FOR EACH STATEMENT EXECUTE FUNCTION postern_count_recovery()",
    f"CREATE TRIGGER users_recovery_update AFTER UPDATE OF {_DECISIVE} ON users"
    f" FOR EACH ROW WHEN ({_recovery('OLD.')} <> {_recovery('NEW.')}) EXECUTE FUNCTION postern_count_recovery()",
)


class Migration(migrations.Migration):
    dependencies = [("postern", "0004_sign_in")]

    initial = False

    operations = [
        ops.AddField(
            model_name="User",
            name="deleted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="Counter", name="about", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="User", name="username_search", field=fields.TextField(default="", db_default="", unique=False)
        ),
        ops.AddField(
            model_name="User", name="email_search", field=fields.TextField(default="", db_default="", unique=False)
        ),
        ops.AddField(
            model_name="User", name="name_search", field=fields.TextField(default="", db_default="", unique=False)
        ),
        ops.RunPython(_fill),
        ops.RemoveField(model_name="User", name="search_key"),
        ops.RunPython(_index),
    ]
