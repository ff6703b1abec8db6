from flask import Flask, render_template, request
from markupsafe import Markup

app = Flask(__name__)


@app.post("/comments")
def comment():
    body = Markup(request.form["body"])  # bad
    return render_template("comment.html", body=body)


@app.get("/u/<name>")
def user(name):
    return render_template("user.html", title=Markup("<b>" + name + "</b>"))  # bad
