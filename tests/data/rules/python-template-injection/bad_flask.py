from flask import Flask, render_template_string, request
from jinja2 import Environment, Template

app = Flask(__name__)


@app.errorhandler(404)
def missing(error):
    page = "<h1>%s does not exist</h1>" % request.path
    return render_template_string(page), 404  # bad


@app.get("/hello/<name>")
def hello(name):
    return Template("Hello " + name).render()  # bad


@app.post("/preview")
def preview():
    environment = Environment(autoescape=True)
    return environment.from_string(request.form["body"]).render(shop="Corner shop")  # bad
