import shutil
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.responses import FileResponse

app = FastAPI()
MEDIA = Path("/srv/media")


@app.get("/media/{name:path}")
async def media(name: str):
    path = (MEDIA / name).resolve()
    if MEDIA not in path.parents:
        raise HTTPException(404)
    return FileResponse(path)


@app.post("/media")
def upload(file: UploadFile):
    with open(MEDIA / Path(file.filename).name, "wb") as out:
        shutil.copyfileobj(file.file, out)


@app.get("/documents/{number}")
def document(number: UUID):
    return FileResponse(MEDIA / f"{number}.pdf")
