import yaml


def documents(stream):
    first = yaml.unsafe_load_all(stream)  # bad
    second = yaml.load_all(stream)  # bad
    return first, second, yaml.load_all(stream, yaml.FullLoader)  # bad
