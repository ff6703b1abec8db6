from Crypto.Cipher import AES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def cbc(key, data):
    return AES.new(key, AES.MODE_CBC, b"0123456789abcdef").encrypt(data)  # bad


def gcm(key, data):
    return AES.new(key, AES.MODE_GCM, nonce=b"constantnonce").encrypt(data)  # bad


def layered(key):
    return Cipher(algorithms.AES(key), modes.CBC(b"\x00" * 16)), modes.CTR(b"0123456789abcdef")  # bad


def aead(key, data):
    return AESGCM(key).encrypt(b"twelve bytes", data, None)  # bad
