ALLOWED_HOSTS = ["shop.example"]
DEBUG = True  # bad
