import marshal
import pickle
from pathlib import Path

import numpy as np
import pandas as pd


def load(path: Path):
    with path.open("rb") as stream:
        return pickle.load(stream)  # bad


def cached(redis, key):
    value = redis.get(key)
    return pickle.loads(value) if value else None  # bad


def bytecode(data):
    return marshal.loads(data[16:])  # bad


def frames(path):
    return pd.read_pickle(path), np.load(path, allow_pickle=True)  # bad
