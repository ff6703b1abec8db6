import flask
import jinja2
from django.utils.html import format_html
from django.utils.safestring import SafeString


def marked(name):
    first = flask.Markup("<b>{}</b>".format(name))  # bad
    second = jinja2.Markup("<b>{name}</b>".format(name=name))  # bad
    third = format_html(f"<b>{name}</b>")  # bad
    return first, second, third, SafeString("<b>" + name)  # bad
