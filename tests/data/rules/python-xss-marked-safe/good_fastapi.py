from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

app = FastAPI()
templates = Jinja2Templates("templates")


@app.get("/search")
def search(request: Request, q: str = ""):
    context = {"heading": Markup("Results for <em>{}</em>").format(q)}
    return templates.TemplateResponse(request, "search.html", context)
