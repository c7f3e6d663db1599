# Runs SLIPWAY_COMMAND in a build's container, from the root of a bundle. SLIPWAY_DATABASE: the connection name of a Cloud SQL
# instance, or empty.
set -eu
python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore -r requirements.txt
if [ -n "$SLIPWAY_DATABASE" ]; then
    mkdir -p /cloudsql
    curl -fsSo cloud-sql-proxy https://storage.googleapis.com/cloud-sql-connectors/cloud-sql-proxy/v2.18.2/cloud-sql-proxy.linux.amd64
    chmod 755 cloud-sql-proxy
    ./cloud-sql-proxy --unix-socket /cloudsql "$SLIPWAY_DATABASE" &
    for _ in $(seq 60); do
        ! test -S "/cloudsql/$SLIPWAY_DATABASE" -o -S "/cloudsql/$SLIPWAY_DATABASE/.s.PGSQL.5432" || break
        sleep 1
    done
fi
cd src
exec bash -o pipefail -c "$SLIPWAY_COMMAND"
