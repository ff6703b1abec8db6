import shutil
import tarfile


def unpack(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder)  # bad


def one(path, name):
    archive = tarfile.open(path, "r:gz")
    archive.extract(name, "/srv/themes")  # bad
    archive.close()


def plugin(upload):
    tarfile.open(fileobj=upload).extractall("/srv/plugins")  # bad
