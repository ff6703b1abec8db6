from fastapi import FastAPI, Form, Request
from fastapi.templating import Jinja2Templates

app = FastAPI()
templates = Jinja2Templates("templates")


@app.post("/newsletter")
def newsletter(request: Request, text: str = Form()):
    return templates.TemplateResponse(request, "newsletter.html", {"text": text})
