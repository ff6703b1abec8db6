import os

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils._os import safe_join

from .models import Invoice


def invoice(request):
    found = get_object_or_404(Invoice, number=request.GET["number"])
    return FileResponse(open(found.document.path, "rb"))


def picture(request, name):
    return FileResponse(open(safe_join("/srv/media", name), "rb"))


def upload(request):
    file = request.FILES["image"]
    default_storage.save(file.name, file)
    return HttpResponse(status=201)


def folder(request, pk):
    return HttpResponse("\n".join(os.listdir(f"/srv/media/{int(pk)}")))
