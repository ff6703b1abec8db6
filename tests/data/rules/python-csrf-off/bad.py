from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from shop.extensions import csrf


@never_cache
@csrf_exempt  # bad
def checkout(request):
    return HttpResponse(status=204)


@method_decorator(csrf_exempt, name="dispatch")  # bad
class Basket(View):
    pass


view = csrf_exempt(checkout)  # bad


@csrf.exempt  # bad
def webhook():
    return "", 204


WTF_CSRF_ENABLED = False  # bad
