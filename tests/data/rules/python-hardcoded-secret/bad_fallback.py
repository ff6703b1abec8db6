import os

DB_PASSWORD = os.environ.get("DB_PASSWORD") or "St0ck&Flow"  # bad
api_key = os.getenv("API_KEY", None) or "b7f1c4d09a2e4853"  # bad
