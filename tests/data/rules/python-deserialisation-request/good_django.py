import json
import pickle

from django.core.cache import cache
from django.http import JsonResponse

from .models import Job


def restore(request):
    return JsonResponse({"state": json.loads(request.body)})


def job(request, slug):
    stored = Job.objects.get(slug=slug)
    return JsonResponse({"state": pickle.loads(stored.state), "cached": cache.get("job")})
