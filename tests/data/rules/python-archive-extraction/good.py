import tarfile
import zipfile


def unpack(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")


def unzip(path, folder):
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)


def chosen(path, folder, members):
    with tarfile.open(path) as archive:
        archive.extractall(folder, members=members)
