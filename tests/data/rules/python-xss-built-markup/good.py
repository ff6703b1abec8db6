from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe
from markupsafe import Markup

RULE = "<hr>"


def link(name, address):
    return format_html('<a href="{}">{}</a>', address, name)


def badge(comment):
    return Markup("<span>{}</span>").format(comment.author)


def heading(title):
    return mark_safe(f"<h1>{escape(title)}</h1>")


def rule():
    return mark_safe(f"<div>{RULE}</div>")
