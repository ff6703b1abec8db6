import asyncio

from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/scan")
async def scan(file: UploadFile):
    process = await asyncio.create_subprocess_exec("clamscan", "--", f"/uploads/{file.filename}")
    return {"code": await process.wait()}


@app.get("/jobs/{number}")
async def job(number: int):
    process = await asyncio.create_subprocess_shell(f"atq | grep {number}")
    return {"code": await process.wait()}
