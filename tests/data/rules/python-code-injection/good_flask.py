import ast
import operator

from flask import Flask, jsonify, request

app = Flask(__name__)
OPERATIONS = {"add": operator.add, "mul": operator.mul}


@app.get("/calculate")
def calculate():
    operation = OPERATIONS[request.args["operation"]]
    return jsonify(result=operation(int(request.args["a"]), int(request.args["b"])))


@app.post("/literal")
def literal():
    return jsonify(value=ast.literal_eval(request.form["value"]))
