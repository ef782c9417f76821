# A PostgreSQL server of its own for the tests of the store: on loopback, with a password, gone with the shell that
# sources this. It sets PLAYGROUND_TEST_POSTGRES; where no server can be had it says why, and those tests are skipped.

no_postgres() { echo "No PostgreSQL for the tests of the store: $1" >&2; }

postgres_programs() { # the folder with initdb and pg_ctl, the newest version; nothing when there is none
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort --version-sort | tail -n 1)
    if [ -z "$found" ] && command -v initdb >/dev/null; then found=$(dirname "$(command -v initdb)"); fi
    if [ -x "$found/initdb" ]; then echo "$found"; fi
}

start_postgres() {
    local programs port secret log
    if [ -n "${PLAYGROUND_TEST_POSTGRES:-}" ]; then return; fi
    programs=$(postgres_programs)
    if [ -z "$programs" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing PostgreSQL."
        timeout 180 apt-get update -qq >/dev/null 2>&1 || true
        DEBIAN_FRONTEND=noninteractive timeout 180 apt-get install -y -qq --no-install-recommends postgresql \
            >/dev/null 2>&1 || true
        programs=$(postgres_programs)
    fi
    if [ -z "$programs" ]; then
        no_postgres "install it (on Debian: apt-get install postgresql) or set PLAYGROUND_TEST_POSTGRES."
        return
    fi
    postgres_user=() # initdb refuses to run as root
    if [ "$(id -u)" = 0 ]; then
        if ! id postgres >/dev/null 2>&1; then
            no_postgres "it cannot run as root, and there is no user postgres."
            return
        fi
        postgres_user=(runuser -u postgres --)
    fi
    postgres_programs_at=$programs
    postgres_data=$(mktemp -d)
    trap stop_postgres EXIT
    secret=$("$bin/python" -c 'import secrets; print(secrets.token_hex(16))')
    port=$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    log=$postgres_data/log
    (umask 077 && echo "$secret" >"$postgres_data/secret")
    if [ "$(id -u)" = 0 ]; then chown -R postgres "$postgres_data"; fi
    if (
        cd "$postgres_data"
        "${postgres_user[@]}" "$programs/initdb" --pgdata=cluster --username=playground --pwfile=secret \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync
        timeout 30 "${postgres_user[@]}" "$programs/pg_ctl" --pgdata=cluster --wait --silent --log=server start \
            --options="-p $port -c listen_addresses=127.0.0.1 -c fsync=off -k $postgres_data"
    ) >"$log.made" 2>&1; then
        export PLAYGROUND_TEST_POSTGRES="postgresql+psycopg://playground:$secret@127.0.0.1:$port/postgres"
    else
        no_postgres "it does not start. $(tail -n 1 "$log.made")"
    fi
}

stop_postgres() {
    (cd "$postgres_data" && "${postgres_user[@]}" "$postgres_programs_at/pg_ctl" --pgdata=cluster --silent \
        --mode=immediate stop) >/dev/null 2>&1 || true
    rm -rf "$postgres_data"
}
