import fastapi.responses
from aiohttp import web
from django.http import HttpResponse
from flask import Response, request as flask_request
from starlette.responses import HTMLResponse, Response as StarletteResponse
from werkzeug import Response as WerkzeugResponse


async def starlette_page(request):
    name = request.query_params["name"]
    if name == "a":
        return HTMLResponse("<p>" + name)  # bad
    if name == "b":
        return HTMLResponse(status_code=200, content="<p>" + name)  # bad
    return StarletteResponse("<p>" + name, media_type="text/html")  # bad


def fastapi_page(request):
    name = request.query_params["name"]
    if name == "a":
        return fastapi.responses.HTMLResponse(content="<p>" + name)  # bad
    return fastapi.responses.Response(content="<p>" + name, media_type="text/html")  # bad


async def aiohttp_page(request):
    return web.Response(text="<p>" + request.query["name"], content_type="text/html")  # bad


def django_page(request):
    if request.method == "POST":
        return HttpResponse(content="<p>" + request.POST["name"])  # bad
    return HttpResponse("<p>" + request.GET["name"], content_type="text/html; charset=utf-8")  # bad


def werkzeug_page():
    name = flask_request.args["name"]
    if name == "a":
        return WerkzeugResponse("<p>" + name)  # bad
    return Response("<p>" + name, mimetype="text/html")  # bad
