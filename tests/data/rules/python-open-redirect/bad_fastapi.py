from fastapi import FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI()


@app.get("/logout")
def logout(return_to: str = "/"):
    return RedirectResponse(return_to)  # bad


@app.get("/out")
def out(url: str):
    return RedirectResponse(url=url, status_code=302)  # bad
