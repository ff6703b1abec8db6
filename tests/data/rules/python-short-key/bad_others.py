import paramiko
from Crypto.PublicKey import DSA
from Cryptodome.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import dh, dsa, rsa

first = rsa.generate_private_key(65537, 1024)  # bad
second = dsa.generate_private_key(1024)  # bad
third = dh.generate_parameters(generator=2, key_size=512)  # bad
fourth = DSA.generate(1024)  # bad
fifth = RSA.generate(1024)  # bad
sixth = paramiko.RSAKey.generate(1024)  # bad
