from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

app = FastAPI()
templates = Jinja2Templates("templates")


@app.get("/search")
def search(request: Request, q: str = ""):
    context = {"heading": Markup(f"Results for <em>{q}</em>")}  # bad
    return templates.TemplateResponse(request, "search.html", context)
