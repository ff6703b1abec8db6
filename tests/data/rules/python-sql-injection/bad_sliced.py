from flask import Flask, g, request

app = Flask(__name__)


@app.get("/search")
def search():
    term = request.args.get("q", "")
    short = term[:40]
    g.db.execute(f"SELECT * FROM product WHERE name = '{short}'")  # bad
    g.db.execute("SELECT * FROM product WHERE name = '" + request.args["q"][1:] + "'")  # bad
    g.db.execute("SELECT * FROM product WHERE code = '%s'" % request.args["code"][2:6])  # bad
    return "", 204


@app.get("/prefix")
def prefix():
    g.db.execute(f"SELECT * FROM product WHERE name = '{request.args['q'][:3]}'")  # bad
    return "", 204
