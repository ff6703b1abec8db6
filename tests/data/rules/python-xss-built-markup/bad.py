from django.utils.safestring import mark_safe
from markupsafe import Markup


def link(name, address):
    return mark_safe('<a href="%s">%s</a>' % (address, name))  # bad


def badge(comment):
    html = f"<span>{comment.author}</span>"
    return Markup(html)  # bad


def heading(title):
    return Markup("<h1>" + title + "</h1>")  # bad
