import nh3
from flask import Flask, render_template, request
from markupsafe import Markup, escape

app = Flask(__name__)


@app.post("/comments")
def comment():
    return render_template("comment.html", body=Markup(nh3.clean(request.form["body"])))


@app.get("/u/<name>")
def user(name):
    title = Markup("<b>{}</b>").format(name)
    plain = Markup(name).striptags()
    other = Markup("<b>%s</b>") % name
    return render_template("user.html", title=title, plain=plain, other=other, third=Markup(f"<i>{escape(name)}</i>"))
