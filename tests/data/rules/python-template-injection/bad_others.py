from flask import request, stream_template_string
from tornado.template import Template


def stream():
    return stream_template_string("Hello " + request.args["name"])  # bad


class Page:
    def get(self):
        return Template(self.request.body.decode()).generate()  # bad
