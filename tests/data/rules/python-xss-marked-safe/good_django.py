from django.shortcuts import render
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe


def comment(request):
    return render(request, "comment.html", {"body": request.POST["body"], "rule": mark_safe("<hr>")})


def badge(request):
    label = request.GET.get("label")
    escaped = mark_safe("<i>%s</i>" % escape(label))
    return render(request, "badge.html", {"badge": format_html("<i>{}</i>", label), "other": escaped})
