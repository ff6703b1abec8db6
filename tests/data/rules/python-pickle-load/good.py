import json
import pickle

import numpy as np


def load(path):
    return json.loads(path.read_text())


def save(path, value):
    path.write_bytes(pickle.dumps(value))


def copied(value):
    return pickle.loads(pickle.dumps(value))


def array(path):
    return np.load(path)
