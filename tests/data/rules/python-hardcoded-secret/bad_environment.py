import os

api_key = os.getenv("API_KEY", "b7f1c4d09a2e4853")  # bad
os.environ.setdefault("DB_PASSWORD", "St0ck&Flow")  # bad
