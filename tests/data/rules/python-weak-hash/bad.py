import hashlib
from hashlib import sha1

from Crypto.Hash import MD5
from cryptography.hazmat.primitives import hashes


def signature(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()  # bad


def older(data):
    digest = hashlib.new("sha1")  # bad
    digest.update(data)
    return sha1(data).hexdigest(), MD5.new(data).hexdigest(), digest.hexdigest()  # bad


def prehash():
    return hashes.SHA1()  # bad
