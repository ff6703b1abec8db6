import os

DEBUG = os.environ.get("SHOP_DEBUG") == "1"
TEMPLATE_DEBUG = False
