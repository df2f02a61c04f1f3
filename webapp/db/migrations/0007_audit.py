"""The record, searchable, append-only and sealed.

What the two databases need beyond tables is written here in their own SQL, since Tortoise knows no full-text index and
no trigger. The triggers keep slips and ordinary access from changing the record; who may drop triggers can change it,
and then the seals no longer fit.
"""

from typing import Any, Final

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor

from webapp.db.search_text import fold_for_search

_BATCH: Final = 5_000


async def _fill(_apps: Any, editor: BaseSchemaEditor) -> None:
    client = editor.client
    marks = ["?", "?"] if client.capabilities.dialect == "sqlite" else ["$1", "$2"]
    last = 0
    while True:
        entries = await client.execute_query_dict(
            f"SELECT id, actor, subject, network FROM audit_entries WHERE id > {last} ORDER BY id LIMIT {_BATCH}"
        )
        for each in entries:
            search = "\n".join(map(fold_for_search, (each["actor"], each["subject"], each["network"])))
            update = f"UPDATE audit_entries SET search = {marks[0]} WHERE id = {marks[1]}"
            await client.execute_query(update, [search, each["id"]])
        if len(entries) < _BATCH:
            break
        last = entries[-1]["id"]
    await client.execute_query("INSERT INTO audit_seals (entry_id, mac, key_id) SELECT id, '', '' FROM audit_entries")


async def _guard(_apps: Any, editor: BaseSchemaEditor) -> None:
    own = _SQLITE if editor.client.capabilities.dialect == "sqlite" else _POSTGRES
    for statement in ("CREATE INDEX audit_seals_waiting ON audit_seals (entry_id) WHERE number IS NULL", *own):
        await editor.client.execute_query(statement)


_CHANGED: Final = "an entry of the audit is never changed"
_DELETED: Final = "an entry of the audit is deleted by retention alone"
_SEALED: Final = "a seal of the audit is written once"
_CUT: Final = "the ends of the audit only ever move on"
_ENDS_BACK: Final = "NEW.id <> OLD.id OR NEW.first_number < OLD.first_number OR NEW.last_number < OLD.last_number"


def _refusal(name: str, event: str, table: str, text: str, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} BEFORE {event} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"


_SQLITE: Final = (
    # Grams are looked up, never ranked nor shown, so neither places nor texts are kept.
    "CREATE VIRTUAL TABLE audit_grams USING fts5(grams, content='', detail='none', columnsize=0, tokenize='ascii')",
    "INSERT INTO audit_grams (rowid, grams) SELECT id, postern_grams(search) FROM audit_entries",
    "CREATE TRIGGER audit_entries_insert AFTER INSERT ON audit_entries BEGIN"
    " INSERT INTO audit_seals (entry_id, mac, key_id) VALUES (NEW.id, '', '');"
    " INSERT INTO audit_grams (rowid, grams) VALUES (NEW.id, postern_grams(NEW.search)); END",
    "CREATE TRIGGER audit_entries_delete AFTER DELETE ON audit_entries BEGIN"
    " INSERT INTO audit_grams (audit_grams, rowid, grams) VALUES ('delete', OLD.id, postern_grams(OLD.search)); END",
    _refusal("audit_entries_changed", "UPDATE", "audit_entries", _CHANGED),
    # INSERT OR REPLACE changes a row without an UPDATE, and without the triggers of a DELETE.
    _refusal(
        "audit_entries_replaced",
        "INSERT",
        "audit_entries",
        _CHANGED,
        "EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)",
    ),
    _refusal(
        "audit_entries_deleted",
        "DELETE",
        "audit_entries",
        _DELETED,
        "NOT EXISTS (SELECT 1 FROM audit_seals JOIN audit_chain ON number <= first_number WHERE entry_id = OLD.id)",
    ),
    _refusal(
        "audit_seals_changed",
        "UPDATE",
        "audit_seals",
        _SEALED,
        "OLD.number IS NOT NULL OR NEW.entry_id <> OLD.entry_id",
    ),
    _refusal(
        "audit_seals_replaced",
        "INSERT",
        "audit_seals",
        _SEALED,
        "EXISTS (SELECT 1 FROM audit_seals WHERE entry_id = NEW.entry_id OR number = NEW.number)",
    ),
    _refusal(
        "audit_seals_deleted",
        "DELETE",
        "audit_seals",
        _DELETED,
        "NOT COALESCE(OLD.number <= (SELECT first_number FROM audit_chain), 0)",
    ),
    _refusal("audit_chain_changed", "UPDATE", "audit_chain", _CUT, _ENDS_BACK),
    _refusal("audit_chain_replaced", "INSERT", "audit_chain", _CUT, "EXISTS (SELECT 1 FROM audit_chain)"),
    _refusal("audit_chain_deleted", "DELETE", "audit_chain", _CUT),
)


def _guarded(table: str, event: str, text: str, when: str = "") -> str:
    each, condition = ("STATEMENT" if event == "TRUNCATE" else "ROW"), (f" WHEN ({when})" if when else "")
    return (
        f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH {each}{condition}"
        f" EXECUTE FUNCTION postern_audit_refuse('{text}')"
    )


_POSTGRES: Final = (
    "CREATE INDEX audit_entries_grams ON audit_entries USING gin (postern_grams(search, NULL, NULL))",
    """CREATE FUNCTION postern_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE FUNCTION postern_audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
       DECLARE gone bigint := (SELECT first_number FROM audit_chain); BEGIN
         IF TG_TABLE_NAME = 'audit_seals' AND (to_jsonb(OLD)->>'number')::bigint <= gone THEN RETURN OLD; END IF;
         IF TG_TABLE_NAME = 'audit_entries'
           AND EXISTS (SELECT 1 FROM audit_seals WHERE entry_id = (to_jsonb(OLD)->>'id')::bigint AND number <= gone)
         THEN RETURN OLD; END IF;
         RAISE EXCEPTION '{_DELETED}' USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE FUNCTION postern_audit_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO audit_seals (entry_id, mac, key_id) VALUES (NEW.id, '', '');
         RETURN NULL; END $$""",
    "CREATE TRIGGER audit_entries_insert AFTER INSERT ON audit_entries"
    " FOR EACH ROW EXECUTE FUNCTION postern_audit_await_seal()",
    *(
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION postern_audit_keep()"
        for table in ("audit_entries", "audit_seals")
    ),
    *(_guarded(table, "TRUNCATE", _DELETED) for table in ("audit_entries", "audit_seals", "audit_chain")),
    _guarded("audit_entries", "UPDATE", _CHANGED),
    _guarded("audit_seals", "UPDATE", _SEALED, "OLD.number IS NOT NULL OR NEW.entry_id <> OLD.entry_id"),
    _guarded("audit_chain", "UPDATE", _CUT, _ENDS_BACK),
    _guarded("audit_chain", "DELETE", _CUT),
)


class Migration(migrations.Migration):
    dependencies = [("postern", "0006_jobs")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AuditChain",
            fields=[
                ("id", fields.SmallIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("first_number", fields.BigIntField()),
                ("first_mac", fields.CharField(max_length=64)),
                ("last_number", fields.BigIntField()),
                ("last_mac", fields.CharField(max_length=64)),
                ("key_id", fields.CharField(max_length=16)),
                ("mac", fields.CharField(max_length=64)),
            ],
            options={"table": "audit_chain", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditSeal",
            fields=[
                ("entry_id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.BigIntField(null=True, unique=True)),
                ("mac", fields.CharField(default="", max_length=64)),
                ("key_id", fields.CharField(default="", max_length=16)),
            ],
            options={"table": "audit_seals", "app": "postern", "pk_attr": "entry_id"},
            bases=["Model"],
        ),
        ops.RemoveIndex(
            model_name="AuditEntry",
            name=None,
            fields=["at"],
        ),
        ops.RemoveIndex(
            model_name="AuditEntry",
            name=None,
            fields=["subject_id"],
        ),
        ops.AddField(
            model_name="AuditEntry",
            name="search",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.RunPython(_fill),
        ops.AddIndex(
            model_name="AuditEntry",
            index=Index(fields=["at", "id"]),
        ),
        ops.AddIndex(
            model_name="AuditEntry",
            index=Index(fields=["subject_id", "id"]),
        ),
        ops.AddIndex(
            model_name="AuditEntry",
            index=Index(fields=["actor", "id"]),
        ),
        ops.AddIndex(
            model_name="AuditEntry",
            index=Index(fields=["action", "id"]),
        ),
        ops.AddIndex(
            model_name="AuditEntry",
            index=Index(fields=["actor", "action", "id"]),
        ),
        ops.RunPython(_guard),
    ]
