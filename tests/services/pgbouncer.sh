#!/usr/bin/env bash
# One private PgBouncer in front of a PostgreSQL server; instance.sh tells the verbs.
#
# Read from the environment when FOLDER is made:
#   SERVER     host:port of the PostgreSQL server (127.0.0.1:5432), which must trust `postgres`
#   POOL_MODE  transaction, session or statement (transaction)
#   POOL_SIZE  server connections per database (20)
#   EXTRA      further lines of the [pgbouncer] section, say "query_wait_timeout = 2"
source "$(dirname "${BASH_SOURCE[0]}")/instance.sh"
SCHEME=postgresql LOGIN=postgres SYSTEM_USER=postgres

require() { PGBOUNCER=$(program pgbouncer pgbouncer); }

initialize() {
  local server=${SERVER:-127.0.0.1:5432}
  echo '"postgres" ""' >"$FOLDER/users.txt"
  cat >"$FOLDER/settings.ini" <<CONF
[databases]
* = host=${server%:*} port=${server##*:}

[pgbouncer]
listen_addr = 127.0.0.1
unix_socket_dir =
auth_type = trust
auth_file = $FOLDER/users.txt
admin_users = postgres
pool_mode = ${POOL_MODE:-transaction}
default_pool_size = ${POOL_SIZE:-20}
max_client_conn = 500
server_login_retry = 1
${EXTRA:-}
CONF
}

serve() {
  { cat "$FOLDER/settings.ini"; echo "listen_port = $(<"$FOLDER/port")"; } >"$FOLDER/pgbouncer.ini"
  run "$PGBOUNCER" -q "$FOLDER/pgbouncer.ini"
}

describe() { printf 'ADMIN_URL=%s://%s@127.0.0.1:%s/pgbouncer\n' "$SCHEME" "$LOGIN" "$(<"$FOLDER/port")"; }

main "$@"
