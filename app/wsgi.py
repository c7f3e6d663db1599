"""What a WSGI server loads (`wsgi:app`), and where the `flask` command finds the app by itself."""

from showcase import create_app

app = create_app()
