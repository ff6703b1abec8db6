import subprocess

from django.http import HttpResponse
from rest_framework.views import APIView


def backup(request, name):
    subprocess.call("pg_dump shop > /backup/%s.sql" % name, shell=True)  # bad
    return HttpResponse(status=204)


class Restore(APIView):
    def post(self, request):
        command = "pg_restore /backup/" + request.data["file"]
        return HttpResponse(subprocess.getoutput(command))  # bad


def archive(request):
    form = ArchiveForm(request.POST)
    if form.is_valid():
        folder = form.cleaned_data["folder"]
        subprocess.run(f"tar czf /tmp/a.tgz {folder}", shell=True, check=True)  # bad
    return HttpResponse(status=204)
