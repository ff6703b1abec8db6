import yaml


class StrictLoader(yaml.SafeLoader):
    pass


def read(stream):
    first = yaml.safe_load(stream)
    second = yaml.load(stream, Loader=yaml.CSafeLoader)
    third = yaml.load(stream, Loader=StrictLoader)
    return first, second, third, list(yaml.safe_load_all(stream))
