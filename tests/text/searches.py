"""Questions that look inside of a text."""

from __future__ import annotations

from text.people import Case, P

SEARCHES: dict[str, Case] = {
    "contains": Case(
        lambda: P.nick.contains("%"),
        [2],
        sqlite="instr(@nick COLLATE BINARY, ?) > 0",
        postgresql='position($1 IN (@nick COLLATE "C")) > 0',
        mariadb="LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0",
    ),
    "not contains": Case(
        lambda: ~P.nick.contains("n"),
        [1, 2, 4],
        sqlite="((instr(@nick COLLATE BINARY, ?) > 0) IS NOT TRUE)",
        postgresql='((position($1 IN (@nick COLLATE "C")) > 0) IS NOT TRUE)',
        mariadb="((LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0) IS NOT TRUE)",
    ),
    "not_contains": Case(
        lambda: P.nick.not_contains("n"),
        [1, 2, 4],
        sqlite="((instr(@nick COLLATE BINARY, ?) > 0) IS NOT TRUE)",
        postgresql='((position($1 IN (@nick COLLATE "C")) > 0) IS NOT TRUE)',
        mariadb="((LOCATE(? COLLATE utf8mb4_nopad_bin, @nick) > 0) IS NOT TRUE)",
    ),
    "contains bytes": Case(
        lambda: P.photo.contains(b"a"),
        [1, 3],
        sqlite="instr(@photo, ?) > 0",
        postgresql="position($1 IN (@photo)) > 0",
        mariadb="LOCATE(?, @photo) > 0",
    ),
    "starts_with": Case(
        lambda: P.name.starts_with("An"),
        [1],
        sqlite="(@name COLLATE BINARY >= ? AND @name COLLATE BINARY < ?)",
        postgresql='@name COLLATE "C" LIKE $1',
        mariadb="@name LIKE ? COLLATE utf8mb4_nopad_bin ESCAPE '|'",
    ),
    "not starts_with": Case(
        lambda: ~P.name.starts_with("An"),
        [2, 3, 4],
        sqlite="(((@name COLLATE BINARY >= ? AND @name COLLATE BINARY < ?)) IS NOT TRUE)",
        postgresql='((@name COLLATE "C" LIKE $1) IS NOT TRUE)',
        mariadb="((@name LIKE ? COLLATE utf8mb4_nopad_bin ESCAPE '|') IS NOT TRUE)",
    ),
    "ends_with": Case(
        lambda: P.name.ends_with("n"),
        [1, 3],
        sqlite="substr(@name COLLATE BINARY, length(@name COLLATE BINARY) - length(?) + 1) = ?",
        postgresql='@name COLLATE "C" LIKE $1',
        mariadb=(
            "RIGHT(@name, CHAR_LENGTH(? COLLATE utf8mb4_nopad_bin)) = ? COLLATE utf8mb4_nopad_bin"
        ),
    ),
    "ends with nothing": Case(
        lambda: P.nick.ends_with(""),
        [2, 3, 4],
        sqlite="substr(@nick COLLATE BINARY, length(@nick COLLATE BINARY) - length(?) + 1) = ?",
        postgresql='@nick COLLATE "C" LIKE $1',
        mariadb=(
            "RIGHT(@nick, CHAR_LENGTH(? COLLATE utf8mb4_nopad_bin)) = ? COLLATE utf8mb4_nopad_bin"
        ),
    ),
    "regex": Case(
        lambda: P.name.regex("^.n+"),
        [1, 3],
        sqlite="ommi_regex(?, @name COLLATE BINARY)",
        postgresql='@name COLLATE "C" ~ $1',
        mariadb="@name REGEXP ? COLLATE utf8mb4_nopad_bin",
    ),
    "not regex": Case(
        lambda: ~P.name.regex("^.n+"),
        [2, 4],
        sqlite="((ommi_regex(?, @name COLLATE BINARY)) IS NOT TRUE)",
        postgresql='((@name COLLATE "C" ~ $1) IS NOT TRUE)',
        mariadb="((@name REGEXP ? COLLATE utf8mb4_nopad_bin) IS NOT TRUE)",
    ),
    "ilike": Case(
        lambda: P.name.ilike("ä%"),
        [3],
        sqlite="ommi_ilike(?, @name COLLATE BINARY)",
        postgresql='@name COLLATE "C" ~ $1',
        mariadb="@name REGEXP ? COLLATE utf8mb4_nopad_bin",
    ),
    "icontains": Case(
        lambda: P.nick.icontains("BO%"),
        [2],
        sqlite="ommi_ilike(?, @nick COLLATE BINARY)",
        postgresql='@nick COLLATE "C" ~ $1',
        mariadb="@nick REGEXP ? COLLATE utf8mb4_nopad_bin",
    ),
}
