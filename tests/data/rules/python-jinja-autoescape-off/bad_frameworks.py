import aiohttp_jinja2
import jinja2
from shop import app, web

app.jinja_env.autoescape = False  # bad
aiohttp_jinja2.setup(web, loader=jinja2.FileSystemLoader("templates"), autoescape=False)  # bad
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"autoescape": False, "debug": False},  # bad
    }
]
