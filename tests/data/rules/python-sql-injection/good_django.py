from django.db import connection
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views import View

from .models import Product


def search(request):
    term = request.GET.get("q", "")
    found = Product.objects.raw("SELECT * FROM shop_product WHERE name = %s", [term])
    return JsonResponse({"names": [product.name for product in found]})


def by_slug(request, slug):
    product = get_object_or_404(Product, slug=slug)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_product WHERE slug = %s", [slug])
        cursor.execute("SELECT count(*) FROM stock_" + product.warehouse)
        return JsonResponse({"id": cursor.fetchone()})


class ProductList(View):
    def get(self, request):
        ordered = Product.objects.filter(name__icontains=request.GET["q"]).order_by("name")
        limited = Product.objects.extra(where=["name > %s"], params=[request.COOKIES["last"]])
        return JsonResponse({"count": ordered.count() + limited.count()})
