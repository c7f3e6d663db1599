#!/bin/sh
# r3.sh CODE: a bare Debian or Ubuntu server set up by recipe R3's own steps, in its order; CODE is the address of the app's archive.
# The baseline for `python -m bench.boot`. Recommended packages are left out: pip's would bring a compiler, which the recipe doesn't use.
set -eu
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND

apt-get update
apt-get install -y --no-install-recommends python3-venv nginx supervisor

# The code, in place.
mkdir -p /srv/shop
curl -fsS "$1" | tar xz -C /srv/shop
cd /srv/shop
python3 -m venv venv
venv/bin/pip install -r requirements.txt gunicorn==27.0.1

# The example app wants a database; the recipe has none.
DATABASE_URL=sqlite:////srv/shop/shop.sqlite3 venv/bin/flask --app wsgi db upgrade
chown -R www-data:www-data /srv/shop

cat >gunicorn.conf.py <<'END'
import multiprocessing

bind = "127.0.0.1:8080"
worker_class = "gthread"
workers = multiprocessing.cpu_count() * 2 + 1
threads = 5
pidfile = "/srv/shop/gunicorn.pid"
END

cat >/etc/supervisor/conf.d/shop.conf <<'END'
[program:shop]
command=/srv/shop/venv/bin/gunicorn -c /srv/shop/gunicorn.conf.py wsgi:app
directory=/srv/shop
environment=DATABASE_URL="sqlite:////srv/shop/shop.sqlite3"
user=www-data
autostart=true
autorestart=true
END

cat >/etc/nginx/sites-available/shop <<'END'
server {
    listen 80;
    server_name _;
    location / {
        proxy_pass http://127.0.0.1:8080;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
}
END
rm -f /etc/nginx/sites-enabled/default
ln -sf ../sites-available/shop /etc/nginx/sites-enabled/shop

nginx -t
systemctl enable --now supervisor nginx
supervisorctl update
systemctl reload nginx
