"""Orders, and pages of an answer."""

from __future__ import annotations

from text.people import Case, P

ORDERS: dict[str, Case] = {
    "nothing": Case(
        lambda q: q,
        [1, 2, 3, 4],
        sqlite="",
        postgresql="",
        mariadb="",
    ),
    "ascending": Case(
        lambda q: q.order_by("age"),
        [4, 1, 3, 2],
        sqlite=" ORDER BY @age",
        postgresql=" ORDER BY @age",
        mariadb=" ORDER BY @age",
    ),
    "descending": Case(
        lambda q: q.order_by("-height", "id"),
        [4, 1, 3, 2],
        sqlite=" ORDER BY @height DESC, @id",
        postgresql=" ORDER BY @height DESC NULLS LAST, @id",
        mariadb=" ORDER BY @height DESC, @id",
    ),
    "none first": Case(
        lambda q: q.order_by("nick"),
        [1, 4, 2, 3],
        sqlite=" ORDER BY @nick COLLATE BINARY",
        postgresql=' ORDER BY @nick COLLATE "C" NULLS FIRST',
        mariadb=(
            " ORDER BY IF(CHAR_LENGTH(@nick) > 5461, 9223372036854775807 + "
            "CHAR_LENGTH(@nick), @nick) COLLATE utf8mb4_nopad_bin"
        ),
    ),
    "none last": Case(
        lambda q: q.order_by(P.nick.asc.nulls_last()),
        [4, 2, 3, 1],
        sqlite=" ORDER BY @nick COLLATE BINARY NULLS LAST",
        postgresql=' ORDER BY @nick COLLATE "C" NULLS LAST',
        mariadb=(
            " ORDER BY @nick COLLATE utf8mb4_nopad_bin IS NULL, IF(CHAR_LENGTH(@nick) > "
            "5461, 9223372036854775807 + CHAR_LENGTH(@nick), @nick) COLLATE "
            "utf8mb4_nopad_bin"
        ),
    ),
    "none first, descending": Case(
        lambda q: q.order_by(P.nick.desc.nulls_first()),
        [1, 3, 2, 4],
        sqlite=" ORDER BY @nick COLLATE BINARY DESC NULLS FIRST",
        postgresql=' ORDER BY @nick COLLATE "C" DESC NULLS FIRST',
        mariadb=(
            " ORDER BY @nick COLLATE utf8mb4_nopad_bin IS NULL DESC, IF(CHAR_LENGTH(@nick) "
            "> 5461, 9223372036854775807 + CHAR_LENGTH(@nick), @nick) COLLATE "
            "utf8mb4_nopad_bin DESC"
        ),
    ),
    "by a path": Case(
        lambda q: q.order_by(P.home.size.desc, "id"),
        [4, 2, 1, 3],
        sqlite=" ORDER BY ommi_real(@home -> '$.\"size\"') DESC, @id",
        postgresql=(
            " ORDER BY (CASE WHEN jsonb_typeof(@home -> 'size') = 'number' THEN (@home "
            "-> 'size')::numeric END) DESC NULLS LAST, @id"
        ),
        mariadb=(
            " ORDER BY CASE WHEN JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', "
            "'DOUBLE') THEN CAST(JSON_EXTRACT(@home, '$.\"size\"') AS DOUBLE) END DESC, @id"
        ),
    ),
    "by a calculation": Case(
        lambda q: q.order_by(P.age * -1, "id"),
        [2, 1, 3, 4],
        sqlite=" ORDER BY ommi_multiply(@age, ?), @id",
        postgresql=" ORDER BY (@age * $1) NULLS FIRST, @id",
        mariadb=" ORDER BY (@age * ?), @id",
    ),
    "limit": Case(
        lambda q: q.limit(2),
        [1, 2],
        sqlite=" ORDER BY @id LIMIT 2",
        postgresql=" ORDER BY @id LIMIT 2",
        mariadb=" ORDER BY @id LIMIT 2",
    ),
    "an unusual limit": Case(
        lambda q: q.limit(7),
        [1, 2, 3, 4],
        sqlite=" ORDER BY @id LIMIT ?",
        postgresql=" ORDER BY @id LIMIT $1",
        mariadb=" ORDER BY @id LIMIT ?",
    ),
    "limit 0": Case(
        lambda q: q.limit(0),
        [],
        sqlite=" ORDER BY @id LIMIT ?",
        postgresql=" ORDER BY @id LIMIT $1",
        mariadb=" ORDER BY @id LIMIT ?",
    ),
    "offset": Case(
        lambda q: q.offset(1),
        [2, 3, 4],
        sqlite=" ORDER BY @id LIMIT -1 OFFSET ?",
        postgresql=" ORDER BY @id OFFSET $1",
        mariadb=" ORDER BY @id LIMIT 18446744073709551615 OFFSET ?",
    ),
    "page": Case(
        lambda q: q.order_by("-age").limit(2).offset(1),
        [1, 3],
        sqlite=" ORDER BY @age DESC, @id LIMIT 2 OFFSET ?",
        postgresql=" ORDER BY @age DESC, @id LIMIT 2 OFFSET $1",
        mariadb=" ORDER BY @age DESC, @id LIMIT 2 OFFSET ?",
    ),
}
