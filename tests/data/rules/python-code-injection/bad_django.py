from django.http import JsonResponse


def report(request):
    total = eval("sum(%s)" % request.POST["values"])  # bad
    return JsonResponse({"total": total})


def plugin(request, name):
    module = __import__("plugins." + name)  # bad
    return JsonResponse({"doc": module.__doc__})
