import json

from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/models")
async def model(file: UploadFile):
    return json.loads(await file.read())
