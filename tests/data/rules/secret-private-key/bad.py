KEY = (
    "-----BEGIN EC PRIVATE ~~KEY-----\n"  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\n"  # bad
    "-----END EC PRIVATE KEY-----\n"
)
