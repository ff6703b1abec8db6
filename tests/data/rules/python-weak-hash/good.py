import hashlib
import hmac


def signature(key: bytes, data: bytes) -> str:
    return hmac.new(key, data, hashlib.sha256).hexdigest()


def etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest(data: bytes) -> str:
    return hashlib.blake2b(data).hexdigest() + hashlib.new("sha256", data).hexdigest()
