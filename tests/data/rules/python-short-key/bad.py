import rsa
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import rsa as modern_rsa

first = modern_rsa.generate_private_key(public_exponent=65537, key_size=1024)  # bad
second = dsa.generate_private_key(key_size=1024)  # bad
third = RSA.generate(1024)  # bad
public, private = rsa.newkeys(512)  # bad
