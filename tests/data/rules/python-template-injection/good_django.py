from django.http import HttpResponse
from django.shortcuts import render
from django.template import Context, Template


def preview(request):
    template = Template("{{ body }}")
    return HttpResponse(template.render(Context({"body": request.POST["body"]})))


def search(request):
    return render(request, "search.html", {"term": request.GET.get("q")})
