import subprocess

from django.http import HttpResponse
from rest_framework.views import APIView


def backup(request, pk):
    subprocess.run(["pg_dump", "shop", "--table", str(int(pk))], check=True)
    return HttpResponse(status=204)


class Restore(APIView):
    def post(self, request):
        return HttpResponse(subprocess.check_output(["pg_restore", "--", request.data["file"]]))
