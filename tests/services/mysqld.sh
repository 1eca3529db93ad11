# What MariaDB and MySQL have in common, beside the story of instance.sh.
source "$(dirname "${BASH_SOURCE[0]}")/instance.sh"
SCHEME=mysql LOGIN=root SYSTEM_USER=mysql

# A server that starts removes whatever looks like a temporary table where it keeps its own: in a
# folder that it shares with others, also theirs, and MariaDB 10.11 crashes without them.
temporary() {
  [[ -d $FOLDER/tmp ]] || mkdir -m 700 "$FOLDER/tmp"
  (( EUID != 0 )) || chown "$SYSTEM_USER" "$FOLDER/tmp"
  echo "$FOLDER/tmp"
}

serve_mysqld() {
  # The log is flushed to the system at a commit: a killed process loses nothing, a failing machine may.
  # The socket is named relative to the data folder: a long FOLDER would exceed the limit of 107 bytes.
  run "$MYSQLD" --no-defaults --datadir="$DATA" --tmpdir="$(temporary)" --init-file="$FOLDER/init.sql" \
    --bind-address=127.0.0.1 --port="$(<"$FOLDER/port")" --socket=mysql.sock --pid-file=server.pid \
    --skip-name-resolve --character-set-server=utf8mb4 --max-connections=200 \
    --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2 --performance-schema=OFF "$@"
}

answers() {  # It listens before it greets.
  (exec 3<>"/dev/tcp/127.0.0.1/$(<"$FOLDER/port")" && LC_ALL=C read -r -t 10 -n 1 <&3) 2>/dev/null
}
