import tempfile


def report(data):
    with tempfile.NamedTemporaryFile(suffix=".pdf", delete=False) as out:
        out.write(data)
    handle, path = tempfile.mkstemp()
    return out.name, handle, path
