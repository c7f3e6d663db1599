"""An app that writes beside its code: uploads, a file and a database of SQLite's in `instance/`, a log file."""

DATA = ["instance", "logs", "static/up"]
"""The app's `slipway:app.data`."""

WRITER = """
import hashlib, logging.handlers, os, sqlite3
from flask import Flask, request
app = Flask(__name__, static_folder=None)
os.makedirs(app.instance_path, exist_ok=True)
app.logger.addHandler(logging.handlers.RotatingFileHandler("logs/app.log", maxBytes=1000, backupCount=2))
app.logger.setLevel("INFO")

def database():
    made = sqlite3.connect(os.path.join(app.instance_path, "app.db"), timeout=20)
    made.execute("CREATE TABLE IF NOT EXISTS t (x)")
    return made

@app.get("/")
def home():
    return "NUMBER"

@app.post("/write")
def write():
    name = request.get_data(as_text=True).strip('"')
    app.logger.info("written %s", name)
    with database() as made, open("static/up/" + name, "w") as file, open(os.path.join(app.instance_path, "x.txt"), "a") as notes:
        made.execute("INSERT INTO t VALUES (1)")
        file.write("upload")
        notes.write(name + " ")
    return "done"

@app.get("/read")
def read():
    rows = database().execute("SELECT count(*) FROM t").fetchone()[0]
    with open(os.path.join(app.instance_path, "x.txt")) as notes:
        noted = notes.read().split()
    return f"{rows} {sorted(os.listdir('static/up'))} {noted} {os.path.getsize('logs/app.log') > 0}"

@app.get("/key")
def key():
    return hashlib.sha256(os.environ.get("SECRET_KEY", "").encode()).hexdigest()
"""
"""NUMBER is what it answers; what it signs with is told as a hash."""


def told(*names: str) -> str:
    """What `/read` says once these were written, in this order."""
    return f"{len(names)} {sorted(names)} {[*names]} True"
