# Runs the release command in a build's container, from the root of a bundle: COMMAND, and DATABASE, the connection name of a
# Cloud SQL instance, or nothing.
set -eu
python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -r requirements.txt
if [ -n "$DATABASE" ]; then
    mkdir -p /cloudsql
    ./cloud-sql-proxy --unix-socket /cloudsql "$DATABASE" &
    tries=60
    until [ -S "/cloudsql/$DATABASE" ] || [ -S "/cloudsql/$DATABASE/.s.PGSQL.5432" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "slipway: no way to $DATABASE within 60 s" >&2; exit 1; }
        sleep 1
    done
fi
cd src
exec bash -o pipefail -c "$COMMAND"
