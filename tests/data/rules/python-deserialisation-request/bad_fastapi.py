import pickle

import dill
from fastapi import FastAPI, Request, UploadFile

app = FastAPI()


@app.post("/models")
async def model(file: UploadFile):
    return str(dill.loads(await file.read()))  # bad


@app.post("/jobs")
async def job(incoming: Request):
    body = await incoming.body()
    return str(pickle.loads(body))  # bad
