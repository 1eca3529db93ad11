# The story of a private server, which may be stopped, killed or restarted: a folder, a port, a
# process. The script of each kind of server sources it, says what differs, and calls `main`:
#
#   SCHEME, LOGIN   of its URL
#   SYSTEM_USER     whom the server runs as where the script is run by root
#   END             the signal that ends it in good order (TERM)
#   require         find the programs that it needs, or fail with status 3
#   initialize      make what the server needs in $DATA and $FOLDER, once
#   serve OPTION…   become the server, by `run`, on the port in $FOLDER/port
#   answers         whether it does
#   prepare         what is left to do when it answers
#   describe        further KEY=VALUE lines
#
#   SCRIPT start   [FOLDER]   start it (a new temporary folder when none is given)
#   SCRIPT url      FOLDER    print its KEY=VALUE lines again
#   SCRIPT restart  FOLDER    clean restart, same port, same data
#   SCRIPT kill     FOLDER    SIGKILL it and all of its processes (a crash)
#   SCRIPT pause    FOLDER    SIGSTOP: connections stay open, nothing answers
#   SCRIPT resume   FOLDER    SIGCONT
#   SCRIPT stop     FOLDER    stop it; the data stays, `start` brings it back
#   SCRIPT remove   FOLDER    stop it and delete the folder
#
# Further options of the server may follow FOLDER at `start` and `restart`. Standard output holds
# only KEY=VALUE lines: FOLDER, PORT, URL. Nobody needs a password; there is a database `test`.
# FOLDER must be one that SYSTEM_USER can reach: below one closed to others `start` refuses.
# Exit status: 0 done, 1 failed, 2 wrong usage, 3 something is missing on this machine.
set -euo pipefail
umask 022

readonly NAME=${0##*/}
END=TERM
AS=()
fail() { printf '%s: %s\n' "$NAME" "$1" >&2; exit "${2:-1}"; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$(<"$FOLDER/port")") 2>/dev/null; }
prepare() { :; }
describe() { :; }

# ---- this machine

program() {  # $1: a command, also where an ordinary user's PATH does not look; $2: its Debian package
  PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec command -v "$1" \
    || fail "the command '$1' is missing; on Debian: apt-get install $2" 3
}

require_machine() {
  local tool
  for tool in flock setpriv setsid shuf; do
    program "$tool" util-linux >/dev/null
  done
  (( EUID == 0 )) || return 0
  id -u "$SYSTEM_USER" >/dev/null 2>&1 || fail "running as root needs a system user '$SYSTEM_USER'" 3
  AS=(setpriv "--reuid=$SYSTEM_USER" "--regid=$(id -g "$SYSTEM_USER")" --init-groups)
}

as_server() { "${AS[@]}" env LC_ALL=C "$@" 9>&-; }

free_port() {  # nothing listens on it, and it lies below the usual ephemeral range
  local port
  while port=$(shuf -i 10240-32000 -n 1); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# ---- the folder: data/ (the server's own), log, pid, port, .instance

open_folder() {  # $1: folder or nothing; $2: 'create' when it may be made
  if [[ -z ${1:-} ]]; then
    [[ ${2:-} == create ]] || fail "which FOLDER?" 2
    FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/${NAME%.sh}.XXXXXX")
    chmod 755 "$FOLDER"
  else
    [[ ${2:-} != create ]] || mkdir -p "$1"
    [[ -d $1 ]] || fail "no such folder: $1"
    FOLDER=$(cd "$1" && pwd -P)
  fi
  DATA=$FOLDER/data
  if [[ ! -e $FOLDER/.instance ]]; then
    [[ ${2:-} == create ]] || fail "$FOLDER was not made by $NAME"
    [[ -z $(ls -A "$FOLDER" | grep -vx .lock) ]] || fail "$FOLDER is neither empty nor made by $NAME"
  fi
  exec 9>"$FOLDER/.lock"
  flock -w 120 9 || fail "another command holds $FOLDER"
  [[ -e $FOLDER/.instance ]] || make_folder
  [[ $(<"$FOLDER/.instance") == "$NAME" ]] || fail "$FOLDER belongs to $(<"$FOLDER/.instance")"
}

make_folder() {
  mkdir -m 700 "$DATA"
  (( EUID != 0 )) || chown "$SYSTEM_USER" "$DATA"
  as_server test -w "$DATA" \
    || { rmdir "$DATA"; fail "user '$SYSTEM_USER' cannot write to $FOLDER (is a folder above it closed to others?)"; }
  echo "$NAME" >"$FOLDER/.instance"
}

print_lines() {
  local port
  port=$(<"$FOLDER/port")
  printf 'FOLDER=%s\nPORT=%s\nURL=%s://%s@127.0.0.1:%s/test\n' "$FOLDER" "$port" "$SCHEME" "$LOGIN" "$port"
  describe
}

# ---- the process

server_pid() {  # its id, only when that process really works in this folder
  local pid
  [[ -s $FOLDER/pid ]] || return 1
  read -r pid <"$FOLDER/pid"
  [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$DATA" ]] && echo "$pid"
}

signal() {  # $1; the server is halted first, so that it starts no further process
  local pid
  pid=$(server_pid) || { echo "$NAME: not running: $FOLDER" >&2; return 0; }
  kill -STOP "$pid"
  kill "-$1" $(cat "/proc/$pid/task/$pid/children") "$pid" 2>/dev/null || true
}

wait_until_gone() {  # $1: how many tenths of a second at most; a process nobody has reaped is gone, too
  local attempt
  for (( attempt = 0; attempt < $1; attempt++ )); do
    # readlink fails, too, for every process that ends meanwhile.
    if ! grep -qFx "$DATA" <<<"$(readlink /proc/[0-9]*/cwd 2>/dev/null || true)"; then
      rm -f "$FOLDER/pid"
      return 0
    fi
    sleep 0.1
  done
  return 1
}

run() { exec setsid "${AS[@]}" env LC_ALL=C "$@" </dev/null >>"$FOLDER/log" 2>&1 9>&-; }

launch() {  # fails when the server ends, say because the port was taken
  (cd "$DATA" && serve "$@") &
  local pid=$! attempt
  echo "$pid" >"$FOLDER/pid"
  disown
  for attempt in {1..600}; do
    kill -0 "$pid" 2>/dev/null || return 1
    if answers; then return 0; fi
    sleep 0.1
  done
  kill -KILL "$pid"
  return 1
}

start() {
  if ! server_pid >/dev/null; then
    local attempt fresh=
    wait_until_gone 100 || fail "processes of a killed server remain in $DATA"
    [[ -e $FOLDER/.initialized ]] || { fresh=1; initialize; touch "$FOLDER/.initialized"; }
    [[ -e $FOLDER/port ]] || free_port >"$FOLDER/port"
    for attempt in 1 2 3; do
      launch "$@" && break
      [[ -n $fresh && $attempt != 3 ]] || fail "the server did not start: $(tail -n 3 "$FOLDER/log")"
      free_port >"$FOLDER/port"
    done
    prepare
  fi
  print_lines
}

stop() {
  local pid
  pid=$(server_pid) || return 0
  signal CONT
  kill "-$END" "$pid" 2>/dev/null || true
  wait_until_gone 300 || { signal KILL; wait_until_gone 100 || fail "the server of $FOLDER does not end"; }
}

main() {
  local command=${1:-} folder=${2:-}
  shift $(( $# < 2 ? $# : 2 ))
  case $command in
    start)   require; require_machine; open_folder "$folder" create; start "$@" ;;
    url)     open_folder "$folder"; [[ -e $FOLDER/port ]] || fail "never started: $FOLDER"; print_lines ;;
    restart) require; require_machine; open_folder "$folder"; stop; start "$@" ;;
    kill)    open_folder "$folder"; signal KILL; wait_until_gone 100 ;;
    pause)   open_folder "$folder"; signal STOP ;;
    resume)  open_folder "$folder"; signal CONT ;;
    stop)    [[ -n $folder && ! -e $folder ]] || { open_folder "$folder"; stop; } ;;
    remove)  [[ -n $folder && ! -e $folder ]] || { open_folder "$folder"; stop; rm -rf -- "$FOLDER"; } ;;
    *)       sed -n '/^#   SCRIPT/s/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
}
