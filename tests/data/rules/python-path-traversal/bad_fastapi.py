import shutil
from pathlib import Path

import aiofiles
from fastapi import FastAPI, UploadFile
from fastapi.responses import FileResponse

app = FastAPI()
MEDIA = Path("/srv/media")


@app.get("/media/{name:path}")
async def media(name: str):
    return FileResponse(MEDIA / name)  # bad


@app.post("/media")
async def upload(file: UploadFile):
    async with aiofiles.open(f"/srv/media/{file.filename}", "wb") as out:  # bad
        await out.write(await file.read())


@app.post("/avatars")
def avatar(file: UploadFile, user: str):
    with open(f"/srv/avatars/{user}", "wb") as out:  # bad
        shutil.copyfileobj(file.file, out)
