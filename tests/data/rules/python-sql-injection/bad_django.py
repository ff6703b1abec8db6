from django.db import connection
from django.db.models.expressions import RawSQL
from django.http import JsonResponse
from django.views import View

from .models import Product


def search(request):
    term = request.GET.get("q", "")
    found = Product.objects.raw("SELECT * FROM shop_product WHERE name = '%s'" % term)  # bad
    return JsonResponse({"names": [product.name for product in found]})


def by_slug(request, slug):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM shop_product WHERE slug = '{slug}'")  # bad
        return JsonResponse({"id": cursor.fetchone()})


class ProductList(View):
    def get(self, request):
        order = self.request.GET["order"]
        ranked = Product.objects.annotate(rank=RawSQL("rank_" + order, ()))  # bad
        limited = Product.objects.filter(active=True).extra(where=["name > '" + request.COOKIES["last"] + "'"])  # bad
        return JsonResponse({"count": ranked.count() + limited.count()})
