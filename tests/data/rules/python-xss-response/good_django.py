from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import escape, format_html


def search(request):
    term = request.GET["q"]
    if request.GET.get("format") == "json":
        return JsonResponse({"term": term})
    return render(request, "search.html", {"term": term})


def greeting(request):
    return HttpResponse("<p>Hello %s</p>" % escape(request.GET["name"]))


def formatted(request):
    return HttpResponse(format_html("<p>{}</p>", request.GET["name"]))


def plain(request):
    return HttpResponse(request.GET["name"], content_type="text/plain")
