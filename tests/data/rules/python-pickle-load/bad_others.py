import marshal
import pickle

import cloudpickle
import dill
import jsonpickle


def everything(stream, data):
    first = dill.load(stream), dill.loads(data)  # bad
    second = cloudpickle.load(stream)  # bad
    third = cloudpickle.loads(data)  # bad
    fourth = marshal.load(stream)  # bad
    fifth = pickle.Unpickler(stream).load()  # bad
    return first, second, third, fourth, fifth, jsonpickle.decode(data)  # bad
