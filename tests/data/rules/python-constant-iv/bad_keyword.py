from Crypto.Cipher import AES


def cbc(key, data):
    return AES.new(key, AES.MODE_CBC, iv=b"0123456789abcdef").encrypt(data)  # bad
