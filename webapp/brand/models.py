"""The table of the brand."""

from tortoise import fields
from tortoise.models import Model


class BrandRow(Model):
    """How letters look. At most one row, with id 1."""

    id = fields.IntField(primary_key=True, generated=False)
    name = fields.CharField(max_length=80, default="")
    """What the platform is called; empty for Postern's own name."""
    colour = fields.CharField(max_length=7, default="")
    """``#rrggbb``; empty for Postern's own."""
    logo = fields.BinaryField(null=True)
    logo_type = fields.CharField(max_length=32, default="")
    """Its media type, found in its bytes."""
    support = fields.CharField(max_length=320, default="")
    """Whom to ask: an address, a telephone number or a web address, as people are to read it."""
    footer = fields.CharField(max_length=500, default="")
    version = fields.IntField(default=1)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "brand"
        app = "postern"
