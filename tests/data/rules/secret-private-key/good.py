HEADER = "-----BEGIN PRIVATE ~~KEY-----"
EMPTY = "-----BEGIN PRIVATE ~~KEY-----\n...\n-----END PRIVATE KEY-----\n"
PUBLIC = """-----BEGIN PUBLIC KEY-----
ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
-----END PUBLIC KEY-----"""


def looks_like_key(text: str) -> bool:
    return text.startswith("-----BEGIN RSA PRIVATE ~~KEY-----")
