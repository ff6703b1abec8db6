from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

BITS = 4096

first = rsa.generate_private_key(public_exponent=65537, key_size=3072)
second = RSA.generate(BITS)
third = ed25519.Ed25519PrivateKey.generate()
