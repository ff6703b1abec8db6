from Crypto.Hash import SHA1
from Cryptodome.Hash import MD5
from Cryptodome.Hash import SHA1 as OTHER
from cryptography.hazmat.primitives import hashes


def digests(data):
    first = SHA1.new(data)  # bad
    second = MD5.new(data)  # bad
    third = OTHER.new(data)  # bad
    return first, second, third, hashes.Hash(hashes.MD5())  # bad
