from django.http import HttpResponse
from django.views.decorators.csrf import csrf_protect, ensure_csrf_cookie


@csrf_protect
def checkout(request):
    return HttpResponse(status=204)


@ensure_csrf_cookie
def page(request):
    return HttpResponse("ok")


WTF_CSRF_ENABLED = True
