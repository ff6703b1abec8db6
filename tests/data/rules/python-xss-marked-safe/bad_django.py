from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import mark_safe


def comment(request):
    return render(request, "comment.html", {"body": mark_safe(request.POST["body"])})  # bad


def badge(request):
    label = request.GET.get("label")
    return render(request, "badge.html", {"badge": format_html("<i>" + label + "</i>")})  # bad
