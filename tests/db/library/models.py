"""Tables with which migrations are tried: shelves, and the books on them."""

from tortoise import fields
from tortoise.models import Model


class Shelf(Model):
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=100, null=True)
    room = fields.CharField(max_length=20)
    place = fields.IntField()

    class Meta:
        table = "shelves"
        app = "postern"
        unique_together = (("room", "place"),)
        indexes = (("place",),)


class Book(Model):
    id = fields.BigIntField(primary_key=True)
    shelf: fields.ForeignKeyRelation[Shelf] = fields.ForeignKeyField(
        "postern.Shelf", related_name="books", on_delete=fields.CASCADE, db_index=True
    )
    title = fields.CharField(max_length=100)

    class Meta:
        table = "books"
        app = "postern"
