import shelve

import cloudpickle
import dill
import joblib
import marshal
import numpy
import pandas
import pickle
import yaml
from flask import Flask, request

app = Flask(__name__)


@app.post("/load")
def load():
    upload = request.files["data"]
    parts = [
        yaml.unsafe_load(upload),  # bad
        pickle.load(upload),  # bad
        dill.load(upload),  # bad
        cloudpickle.load(upload),  # bad
        cloudpickle.loads(request.data),  # bad
        marshal.load(upload),  # bad
        joblib.load(upload),  # bad
        pandas.read_pickle(upload),  # bad
        numpy.load(upload, allow_pickle=True),  # bad
        shelve.open(request.args["name"]),  # bad
    ]
    return {"count": len(parts)}
