"""What `python -m bench.requests` asks for: served by Slipway and by each recipe, as it is."""

import os
import time

from flask import Flask, render_template_string, request
from sqlalchemy import create_engine, text

app = Flask(__name__)
engine = create_engine(os.environ["DATABASE_URL"])
PAGE = "<table>{% for row in rows %}<tr><td>{{ row }}</td><td>{{ row * 7 }}</td></tr>{% endfor %}</table>"


@app.get("/")
def home():
    return "well"


@app.get("/json")
def numbers():
    return {"numbers": list(range(20))}


@app.get("/template")
def template():
    return render_template_string(PAGE, rows=range(50))


@app.get("/row")
def row():
    with engine.connect() as connection:
        return {"word": connection.execute(text("SELECT word FROM words WHERE id = 77")).scalar_one()}


@app.get("/wait")
def wait():
    time.sleep(0.1)
    return "waited"


@app.post("/upload")
def upload():
    return str(len(request.get_data()))
