from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def login(request):
    target = request.GET["next"]
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    return redirect(target)


def product(request, slug):
    return HttpResponseRedirect(reverse("product", kwargs={"slug": slug}))


def again(request):
    return redirect(request.get_full_path())
