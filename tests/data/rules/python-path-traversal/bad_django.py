import os
import shutil

from django.http import FileResponse, HttpResponse
from django.views import View


def invoice(request):
    path = "/srv/invoices/%s.pdf" % request.GET["number"]
    return FileResponse(open(path, "rb"))  # bad


class Folder(View):
    def get(self, request, *args, **kwargs):
        names = os.listdir(os.path.join("/srv/media", self.kwargs["folder"]))  # bad
        return HttpResponse("\n".join(names))

    def delete(self, request, folder_name):
        shutil.rmtree(f"/srv/media/{folder_name}")  # bad
        return HttpResponse(status=204)
