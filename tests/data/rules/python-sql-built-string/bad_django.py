from django.db.models.expressions import RawSQL

from .models import Product


def ranked(table):
    first = Product.objects.raw("SELECT * FROM " + table)  # bad
    return first, Product.objects.annotate(rank=RawSQL(f"{table}.rank", ()))  # bad
