"""What runs inside the server, each as one step that nothing comes between.

Scripts are fixed texts; keys and values come as arguments, and no value is looked into.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

DRAWN = b"\xff"
"""Stands in what is written for a key that the script draws; no text in UTF-8 holds this byte."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the name by which the server knows it."""

    text: bytes
    name: bytes = field(init=False)

    def __post_init__(self) -> None:
        digest = sha1(self.text, usedforsecurity=False).hexdigest()
        object.__setattr__(self, "name", digest.encode())


def _script(text: str) -> Script:
    return Script(text.strip().encode())


_RAISE = """
local function raise(key, field, value)
  local known = redis.call('HGET', key, field) or '0'
  if #value > #known or (#value == #known and value > known) then
    redis.call('HSET', key, field, value)
  end
end
"""
"""Raises a counter. Numbers are compared as text: Lua's are doubles."""

COMMIT = _script(
    _RAISE
    + """
-- ARGV: clock, changes, schema wanted, number of checks, the checks, the changes.
-- Gives the keys drawn; or 0 for another schema, or the number of the check that failed.
local argv, at = ARGV, 5
local call = redis.call
local clock, changes = argv[1], argv[2]
if (call('HGET', changes, '') or '') ~= argv[3] then return 0 end
for number = 1, tonumber(argv[4]) do
  local verb, key, field = argv[at], argv[at + 1], argv[at + 2]
  local holds
  if verb == '=' then
    holds = call('HGET', key, field) == argv[at + 3]
    at = at + 4
  elseif verb == '-' then
    holds = call('HEXISTS', key, field) == 0
    at = at + 3
  elseif verb == '+' then
    holds = call('HEXISTS', key, field) == 1
    at = at + 3
  elseif verb == 'before' then
    local time = call('TIME')
    holds = time[1] * 1000000 + time[2] < tonumber(key)
    at = at + 2
  else
    local found = call('ZRANGEBYLEX', key, field, argv[at + 3])
    local size = tonumber(argv[at + 4])
    holds = #found == size
    for place = 1, size do holds = holds and found[place] == argv[at + 4 + place] end
    at = at + 5 + size
  end
  if not holds then return number end
end
local now = argv[at] and call('INCR', clock)
local drawn, last = {}, nil
local function filled(text)
  if last then return (string.gsub(text, '\\255', last)) end
  return text
end
while argv[at] do
  local verb, key, field = argv[at], argv[at + 1], argv[at + 2]
  if verb == 'set' then
    call('HSET', key, filled(field), filled(argv[at + 3]))
    at = at + 4
  elseif verb == 'unset' then
    call('HDEL', key, field)
    at = at + 3
  elseif verb == 'rank' then
    call('ZADD', key, argv[at + 3], filled(field))
    at = at + 4
  elseif verb == 'unrank' then
    call('ZREM', key, field)
    at = at + 3
  elseif verb == 'draw' then
    call('HINCRBY', key, field, 1)
    last = call('HGET', key, field)
    drawn[#drawn + 1] = last
    at = at + 3
  elseif verb == 'raise' then
    raise(key, field, argv[at + 3])
    at = at + 4
  else
    call('HSET', changes, key, now)
    at = at + 2
  end
end
return drawn
"""
)
"""Writes, if what was seen is still so."""

READ = _script("""
-- ARGV: clock, changes, schema wanted, table, its rows, the key of their ends or nothing, the most
-- rows, how, what.
-- Gives clock, when the table changed, the time in microseconds where rows end, then keys and rows
-- in turn; or 0 for another schema, or the number of rows where there are more than the most.
local argv, call = ARGV, redis.call
local changes, rows, ends, most, how = argv[2], argv[5], argv[6], tonumber(argv[7]), argv[8]
if (call('HGET', changes, '') or '') ~= argv[3] then return 0 end
local now = ''
if ends ~= '' then
  local time = call('TIME')
  now = string.format('%.0f', time[1] * 1000000 + time[2])
end
local reply = { call('GET', argv[1]) or '0', call('HGET', changes, argv[4]) or '', now }
local ids = {}
local function members(key, low, high)
  local left = most + 1 - #ids
  for _, member in ipairs(call('ZRANGEBYLEX', key, low, high, 'LIMIT', 0, left)) do
    ids[#ids + 1] = string.sub(member, string.find(member, '\\0', 1, true) + 1)
  end
end
if how == 'all' and ends ~= '' then
  local size = call('ZCOUNT', ends, '(' .. now, '+inf')
  if size > most then return size end
  ids = call('ZRANGEBYSCORE', ends, '(' .. now, '+inf')
elseif how == 'all' then
  local size = call('HLEN', rows)
  if size > most then return size end
  local every = call('HGETALL', rows)
  for place = 1, #every do reply[place + 3] = every[place] end
  return reply
elseif how == 'keys' then
  for place = 9, #argv do ids[#ids + 1] = argv[place] end
elseif how == 'unique' then
  for place = 10, #argv do
    local id = call('HGET', argv[9], argv[place])
    if id then ids[#ids + 1] = id end
  end
elseif how == 'equal' then
  for place = 10, #argv, 2 do members(argv[9], argv[place], argv[place + 1]) end
elseif how == 'score' then
  ids = call('ZRANGEBYSCORE', argv[9], argv[10], argv[11], 'LIMIT', 0, most + 1)
else
  members(argv[9], argv[10], argv[11])
end
if #ids > most then return #ids end
for start = 1, #ids, 1000 do
  local last = math.min(start + 999, #ids)
  local found = call('HMGET', rows, unpack(ids, start, last))
  for number = 1, last - start + 1 do
    reply[#reply + 1] = ids[start + number - 1]
    reply[#reply + 1] = found[number]
  end
end
return reply
""")
"""Reads rows by their keys, by an index, or all, with nothing in between."""

ENDED = _script("""
-- ARGV: clock, changes, schema wanted, the key of ends, the rows, the most rows.
-- Gives keys and rows in turn of those that have expired; or 0 for another schema.
local argv, call = ARGV, redis.call
if (call('HGET', argv[2], '') or '') ~= argv[3] then return 0 end
local time = call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local reply = {}
for _, id in ipairs(call('ZRANGEBYSCORE', argv[4], '-inf', now, 'LIMIT', 0, argv[6])) do
  reply[#reply + 1] = id
  reply[#reply + 1] = call('HGET', argv[5], id)
end
return reply
""")
"""Reads rows that have expired."""

LIVING = _script("""
-- ARGV: the key of ends. Gives the number of rows that have not expired.
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
return redis.call('ZCOUNT', ARGV[1], '(' .. now, '+inf')
""")
"""Counts the rows of a table whose rows expire."""

LOOK = _script("""
-- ARGV: clock, changes, schema wanted, the most members of a group, then places: 'field', key,
-- field, or 'group', key, the start and the end of its members.
-- Gives clock and what is there, of a group one member too many at most; or 0 for another schema.
local argv, call, at = ARGV, redis.call, 5
local beyond = tonumber(argv[4]) + 1
if (call('HGET', argv[2], '') or '') ~= argv[3] then return 0 end
local reply = { call('GET', argv[1]) or '0' }
while argv[at] do
  if argv[at] == 'field' then
    reply[#reply + 1] = call('HGET', argv[at + 1], argv[at + 2])
    at = at + 3
  else
    reply[#reply + 1] =
      call('ZRANGEBYLEX', argv[at + 1], argv[at + 2], argv[at + 3], 'LIMIT', 0, beyond)
    at = at + 4
  end
end
return reply
""")
"""Looks at single values, with nothing in between."""

RESERVE = _script(
    _RAISE
    + """
-- ARGV: counters, field, what to be above, how many. Gives the last key.
raise(ARGV[1], ARGV[2], ARGV[3])
redis.call('HINCRBY', ARGV[1], ARGV[2], ARGV[4])
return redis.call('HGET', ARGV[1], ARGV[2])
"""
)
"""Draws generated keys; like those of any sequence they are not given back."""

CATALOGUE = _script("""
-- ARGV: changes, tables. Gives the version of the schema, then names and descriptions in turn.
local reply = redis.call('HGETALL', ARGV[2])
table.insert(reply, 1, redis.call('HGET', ARGV[1], '') or '')
return reply
""")
"""Reads what all tables look like."""

DEFINE = _script("""
-- ARGV: clock, changes, tables, then names and descriptions in turn.
for place = 4, #ARGV, 2 do redis.call('HSETNX', ARGV[3], ARGV[place], ARGV[place + 1]) end
redis.call('HSET', ARGV[2], '', redis.call('INCR', ARGV[1]))
""")
"""Makes the tables that are not there."""

REMOVE = _script("""
-- ARGV: clock, changes, schema wanted, tables, counters, then 'table', name, 'counter', field, or
-- 'key', key. Gives 0 for another schema.
local call = redis.call
if (call('HGET', ARGV[2], '') or '') ~= ARGV[3] then return 0 end
for place = 6, #ARGV, 2 do
  if ARGV[place] == 'table' then
    call('HDEL', ARGV[4], ARGV[place + 1])
    call('HDEL', ARGV[2], ARGV[place + 1])
  elseif ARGV[place] == 'counter' then
    call('HDEL', ARGV[5], ARGV[place + 1])
  else
    call('UNLINK', ARGV[place + 1])
  end
end
call('HSET', ARGV[2], '', call('INCR', ARGV[1]))
return 1
""")
"""Removes tables with all that is kept for them."""
