import tarfile


def unpack(stream):
    archive = tarfile.TarFile(fileobj=stream)
    archive.extractall("/srv/themes", numeric_owner=True)  # bad
