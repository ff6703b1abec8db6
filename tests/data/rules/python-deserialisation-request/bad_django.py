import marshal
import pickle

from django.http import HttpResponse


def restore(request):
    state = pickle.load(request.FILES["state"])  # bad
    code = marshal.loads(request.body)  # bad
    return HttpResponse(f"{len(state)} {code}")
