#!/usr/bin/env bash
# One private Redis server; instance.sh tells the verbs. No configuration of the machine is read.
source "$(dirname "${BASH_SOURCE[0]}")/instance.sh"
SYSTEM_USER=redis

require() {
  SERVER=$(program redis-server redis-server)
  CLIENT=$(program redis-cli redis-server)
}

initialize() { :; }

# What was written is handed to the system before its reply: a killed process loses nothing.
serve() {
  run "$SERVER" --bind 127.0.0.1 --port "$(<"$FOLDER/port")" --dir "$DATA" --save '' --appendonly yes \
    --appendfsync everysec --enable-debug-command yes "$@"
}

answers() {  # It listens while it still reads its data.
  [[ $("$CLIENT" -p "$(<"$FOLDER/port")" INFO 2>/dev/null) == *loading:0* ]]
}

print_lines() {
  local port
  port=$(<"$FOLDER/port")
  printf 'FOLDER=%s\nPORT=%s\nURL=redis://127.0.0.1:%s/0\n' "$FOLDER" "$port" "$port"
}

main "$@"
