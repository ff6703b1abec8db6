from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/calculate")
def calculate():
    return jsonify(result=eval(request.args["expression"]))  # bad


@app.post("/rules/<name>")
def rule(name):
    source = request.get_data(as_text=True)
    code = compile(source, name, "exec")  # bad
    exec(code)  # bad
    return "", 204
