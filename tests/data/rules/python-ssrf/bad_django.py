import http.client
from urllib.request import Request, urlopen

import requests
from django.http import HttpResponse
from django.views import View


def avatar(request):
    return HttpResponse(requests.get(request.POST.get("avatar"), timeout=5).content)  # bad


def status(request):
    connection = http.client.HTTPSConnection(request.GET["host"])  # bad
    connection.request("GET", "/status")
    return HttpResponse(connection.getresponse().read())


class Import(View):
    def post(self, request):
        feed = Request(request.POST["feed"], headers={"Accept": "application/json"})  # bad
        return HttpResponse(urlopen(feed).read())  # bad
