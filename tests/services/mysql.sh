#!/usr/bin/env bash
# One private MySQL server; instance.sh tells the verbs. No configuration of the machine is read.
# It is the program that OMMI_TEST_MYSQL_SERVER names, the one of tools/mysql, or `mysqld`.
source "$(dirname "${BASH_SOURCE[0]}")/mysqld.sh"
id -u "$SYSTEM_USER" >/dev/null 2>&1 || SYSTEM_USER=nobody

require() {
  local unpacked
  unpacked=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.cache/mysql/mysqld
  for MYSQLD in "${OMMI_TEST_MYSQL_SERVER:-$unpacked}" "$(PATH=$PATH:/usr/sbin command -v mysqld)"; do
    # A MariaDB answers to the name, too.
    [[ ! -x $MYSQLD || $("$MYSQLD" --version 2>/dev/null) == *MariaDB* ]] || return 0
  done
  fail "no MySQL server found; on Debian: make mysql" 3
}

initialize() {
  as_server "$MYSQLD" --no-defaults --datadir="$DATA" --tmpdir="$(temporary)" --initialize-insecure >"$FOLDER/log" 2>&1 \
    || fail "mysqld --initialize-insecure failed: $(tail -n 3 "$FOLDER/log")"
  # Names are not looked up, so 127.0.0.1 is not localhost.
  cat >"$FOLDER/init.sql" <<'SQL'
CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
CREATE DATABASE IF NOT EXISTS test;
SQL
}

serve() { serve_mysqld --mysqlx=OFF --disable-log-bin --secure-file-priv=NULL --innodb-redo-log-capacity=32M --innodb-use-native-aio=OFF "$@"; }

main "$@"
