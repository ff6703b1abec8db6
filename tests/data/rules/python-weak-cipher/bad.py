from Crypto.Cipher import AES, ARC4, DES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def card(key, number):
    return DES.new(key, DES.MODE_CBC, iv=key).encrypt(number)  # bad


def stream(key, data):
    return ARC4.new(key).encrypt(data)  # bad


def blocks(key, data):
    return AES.new(key, AES.MODE_ECB).encrypt(data)  # bad


def modern_looking(key, data):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # bad
    return encryptor.update(data)


def triple(key, iv):
    return Cipher(algorithms.TripleDES(key), modes.CBC(iv))  # bad
