import os

from Crypto.Cipher import AES
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305


def card(key, number):
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, number, None)


def stream(key, nonce, data):
    return ChaCha20Poly1305(key).encrypt(nonce, data, None)


def simple(key, data):
    return Fernet(key).encrypt(data)


def gcm(key, data):
    return AES.new(key, AES.MODE_GCM).encrypt_and_digest(data)
