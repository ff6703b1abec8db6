from django.http import HttpResponse, HttpResponseNotFound
from django.views import View


def search(request):
    return HttpResponse("<p>You searched for %s</p>" % request.GET["q"])  # bad


class Profile(View):
    def get(self, request, username):
        html = f"<title>{username}</title>"
        return HttpResponse(html)  # bad

    def post(self, request):
        return HttpResponseNotFound("No page " + request.path)  # bad
