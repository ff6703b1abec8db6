from aiohttp import web
from django.http import HttpResponsePermanentRedirect
from starlette.responses import RedirectResponse
from werkzeug.utils import redirect


def old(request):
    return HttpResponsePermanentRedirect(request.GET["to"])  # bad


async def endpoint(request):
    if "a" in request.query_params:
        return RedirectResponse(request.query_params["a"])  # bad
    return RedirectResponse(url=request.query_params["b"])  # bad


def plain(request):
    return redirect(request.args["to"])  # bad


async def aio(request):
    raise web.HTTPFound(request.query["to"])  # bad
