import tempfile
from tempfile import mktemp


def report(data):
    path = tempfile.mktemp(suffix=".pdf")  # bad
    with open(path, "wb") as out:
        out.write(data)
    return mktemp()  # bad
