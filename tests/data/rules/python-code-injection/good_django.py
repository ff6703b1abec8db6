import json

from django.http import JsonResponse

from . import plugins

PLUGINS = {"csv": plugins.csv, "xml": plugins.xml}


def report(request):
    return JsonResponse({"total": sum(json.loads(request.POST["values"]))})


def plugin(request, name):
    return JsonResponse({"doc": PLUGINS[name].__doc__})
