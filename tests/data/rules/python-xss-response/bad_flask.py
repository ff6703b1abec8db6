from flask import Flask, Response, make_response, request

app = Flask(__name__)


@app.route("/hello/<name>")
def hello(name):
    return f"<h1>Hello {name}</h1>"  # bad


@app.get("/search")
def search():
    term = request.args.get("q", "").strip()
    return "<p>Nothing found for " + term + "</p>", 404  # bad


@app.get("/echo")
def echo():
    html = "<pre>{}</pre>".format(request.args["text"])
    return make_response(html, 200)  # bad


@app.get("/cookie")
def cookie():
    response = make_response("<p>Welcome back, " + request.args["name"])  # bad
    response.set_cookie("seen", "1")
    return response


@app.get("/theme")
def theme():
    return Response("<body class=%s>" % request.cookies["theme"])  # bad
