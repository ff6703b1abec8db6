import yaml
from yaml import Loader


def read(stream):
    first = yaml.load(stream, Loader=yaml.Loader)  # bad
    second = yaml.unsafe_load(stream)  # bad
    third = yaml.load(stream)  # bad
    fourth = yaml.load(stream, Loader)  # bad
    return first, second, third, fourth, list(yaml.load_all(stream, Loader=yaml.UnsafeLoader))  # bad
