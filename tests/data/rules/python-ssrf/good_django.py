import requests
from django.conf import settings
from django.http import HttpResponse

from .models import Feed


def avatar(request):
    name = request.GET["name"]
    return HttpResponse(requests.get(f"{settings.AVATAR_URL}/{name}", timeout=5).content)


def feed(request, slug):
    stored = Feed.objects.get(slug=slug)
    return HttpResponse(requests.get(stored.address, timeout=5).content)


def token(request):
    answer = requests.post("https://login.shop.example/token", data={"code": request.GET["code"]}, timeout=5)
    return HttpResponse(answer.text)
