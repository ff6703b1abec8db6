import asyncio

import paramiko
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/scan")
async def scan(file: UploadFile):
    process = await asyncio.create_subprocess_shell(f"clamscan /uploads/{file.filename}")  # bad
    return {"code": await process.wait()}


@app.get("/hosts/{host}/uptime")
def uptime(host: str, options: str = ""):
    client = paramiko.SSHClient()
    client.connect("gateway.internal")
    _, out, _ = client.exec_command("uptime " + options)  # bad
    return out.read()
