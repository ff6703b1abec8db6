"""Which code answers which route, read from the source without running it: Flask, Django, FastAPI and Starlette."""
