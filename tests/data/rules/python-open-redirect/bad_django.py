from django.http import HttpResponseRedirect
from django.shortcuts import redirect


def login(request):
    return redirect(request.GET["next"])  # bad


def leave(request):
    target = request.COOKIES.get("return_to", "/")
    return HttpResponseRedirect(target)  # bad
