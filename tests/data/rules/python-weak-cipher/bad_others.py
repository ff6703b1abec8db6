from Cryptodome.Cipher import AES, Blowfish
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4


def encrypt(key, data):
    first = Blowfish.new(key, Blowfish.MODE_CBC)  # bad
    second = AES.new(key, AES.MODE_ECB)  # bad
    return first, second, ARC4(key)  # bad
