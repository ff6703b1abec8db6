import flask
import jinja2
from django.utils.safestring import SafeString


def marked(request):
    name = request.args["name"]
    return flask.Markup(name), jinja2.Markup(name), SafeString(name)  # bad
