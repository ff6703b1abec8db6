from django.http import HttpResponse
from django.template import Context, Template, engines


def preview(request):
    template = Template("{% load shop %}" + request.POST["body"])  # bad
    return HttpResponse(template.render(Context()))


def mail(request):
    body = request.body.decode()
    return HttpResponse(engines["django"].from_string(body).render({}))  # bad
