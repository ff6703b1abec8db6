from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

app = FastAPI()


@app.get("/logout")
def logout(request: Request):
    return RedirectResponse(request.url_for("index"))


@app.get("/p/{name}")
def short(name: str):
    return RedirectResponse(url=f"/products/{name}")
