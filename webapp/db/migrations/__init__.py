"""The history of the schema, one module per step, applied by ``webapp.db.migrate``."""
