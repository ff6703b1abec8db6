DEBUG = False
TEMPLATE_DEBUG = True  # bad
