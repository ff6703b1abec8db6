from flask import Flask, render_template, render_template_string, request
from jinja2 import Template

app = Flask(__name__)
PAGE = "<h1>{{ path }} does not exist</h1>"


@app.errorhandler(404)
def missing(error):
    return render_template_string(PAGE, path=request.path), 404


@app.get("/hello/<name>")
def hello(name):
    return Template("Hello {{ name }}", autoescape=True).render(name=name)


@app.get("/")
def index():
    return render_template("index.html", term=request.args.get("q"))
