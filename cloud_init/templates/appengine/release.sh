# Runs COMMAND in a build's container, from the root of a bundle. DATABASE: the connection name of a Cloud SQL instance, or empty.
set -eu
python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -r requirements.txt
if [ -n "$DATABASE" ]; then
    mkdir -p /cloudsql
    ./cloud-sql-proxy --unix-socket /cloudsql "$DATABASE" &
    for _ in $(seq 60); do
        ! test -S "/cloudsql/$DATABASE" -o -S "/cloudsql/$DATABASE/.s.PGSQL.5432" || break
        sleep 1
    done
fi
cd src
exec bash -o pipefail -c "$COMMAND"
