"""Questions that look inside of a document."""

# A flag is compared as everything else is.
# ruff: noqa: E712

from __future__ import annotations

from text.people import Case, Home, P

DOCUMENTS: dict[str, Case] = {
    "contains element": Case(
        lambda: P.tags.contains("a"),
        [1, 4],
        sqlite="ommi_has(@tags, ?)",
        postgresql=(
            "EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(@tags) = "
            "'array' THEN @tags END) AS element WHERE element = $1)"
        ),
        mariadb=(
            "(JSON_TYPE(@tags) = 'ARRAY' AND EXISTS (SELECT 1 FROM JSON_TABLE(@tags, '$[*]'"
            " COLUMNS (element JSON PATH '$')) AS elements WHERE JSON_NORMALIZE(CONCAT('[',"
            " elements.element, ']')) = JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin))"
        ),
    ),
    "not contains element": Case(
        lambda: ~P.tags.contains("a"),
        [2, 3],
        sqlite="((ommi_has(@tags, ?)) IS NOT TRUE)",
        postgresql=(
            "((EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(@tags) = "
            "'array' THEN @tags END) AS element WHERE element = $1)) IS NOT TRUE)"
        ),
        mariadb=(
            "(((JSON_TYPE(@tags) = 'ARRAY' AND EXISTS (SELECT 1 FROM JSON_TABLE(@tags, "
            "'$[*]' COLUMNS (element JSON PATH '$')) AS elements WHERE "
            "JSON_NORMALIZE(CONCAT('[', elements.element, ']')) = JSON_NORMALIZE(?) COLLATE"
            " utf8mb4_nopad_bin))) IS NOT TRUE)"
        ),
    ),
    "document": Case(
        lambda: P.extra == {"k": 1.0},
        [1],
        sqlite="ommi_json(@extra) = ?",
        postgresql="@extra = $1",
        mariadb="JSON_NORMALIZE(@extra) = JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin",
    ),
    "not document": Case(
        lambda: P.home != Home("A", 1),
        [1, 3, 4],
        sqlite="(ommi_json(@home) <> ? OR @home IS NULL)",
        postgresql="(@home <> $1 OR @home IS NULL)",
        mariadb=(
            "(JSON_NORMALIZE(@home) <> JSON_NORMALIZE(?) COLLATE utf8mb4_nopad_bin OR @home"
            " IS NULL)"
        ),
    ),
    "path of an int": Case(
        lambda: P.extra["k"] == 1,
        [1],
        sqlite=(
            "(json_type(@extra, '$.\"k\"') IN ('integer', 'real') AND "
            "json_extract(@extra, '$.\"k\"') = ?)"
        ),
        postgresql=(
            "(jsonb_typeof(@extra -> 'k') = 'number' AND (CASE WHEN jsonb_typeof(@extra "
            "-> 'k') = 'number' THEN (@extra -> 'k')::numeric END) = $1)"
        ),
        mariadb=(
            "(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('INTEGER', 'DOUBLE') AND CASE "
            "WHEN JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) NOT IN ('INTEGER', 'DOUBLE') "
            "THEN NULL WHEN ABS(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) >= 1e19 THEN"
            " SIGN(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) * "
            "1000000000000000000000000 WHEN ABS(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS "
            "DOUBLE)) < 1 THEN SIGN(CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DOUBLE)) * 0.5 "
            "ELSE CAST(JSON_EXTRACT(@extra, '$.\"k\"') AS DECIMAL(65, 30)) END = ?)"
        ),
    ),
    "path of a bool": Case(
        lambda: P.extra["k"] == True,
        [2],
        sqlite=(
            "(json_type(@extra, '$.\"k\"') IN ('true', 'false') AND "
            "json_extract(@extra, '$.\"k\"') = ?)"
        ),
        postgresql=(
            "(jsonb_typeof(@extra -> 'k') = 'boolean' AND (CASE WHEN jsonb_typeof(@extra "
            "-> 'k') = 'boolean' THEN (@extra -> 'k')::boolean END) = $1)"
        ),
        mariadb=(
            "(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('BOOLEAN') AND "
            "(NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"k\"')), 'null') = 'true') = ?)"
        ),
    ),
    "not path of a text": Case(
        lambda: P.extra["k"] != "1",
        [1, 2, 3],
        sqlite=(
            "(((json_type(@extra, '$.\"k\"') IN ('text') AND "
            "json_extract(@extra, '$.\"k\"') = ?)) IS NOT TRUE)"
        ),
        postgresql=(
            "(((jsonb_typeof(@extra -> 'k') = 'string' AND (@extra -> 'k' #>> '{}') "
            'COLLATE "C" = $1)) IS NOT TRUE)'
        ),
        mariadb=(
            "(((JSON_TYPE(JSON_EXTRACT(@extra, '$.\"k\"')) IN ('STRING') AND "
            "JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"k\"')), 'null')) COLLATE "
            "utf8mb4_nopad_bin = ? COLLATE utf8mb4_nopad_bin)) IS NOT TRUE)"
        ),
    ),
    "path that is null": Case(
        lambda: P.extra["d"][0].is_null(),
        [1, 2, 3],
        sqlite="json_extract(@extra, '$.\"d\"[0]') IS NULL",
        postgresql=(
            "(jsonb_path_query_first(@extra -> 'd', 'strict $[0]', silent => true) #>> "
            "'{}') IS NULL"
        ),
        mariadb=(
            "NULLIF(CONCAT(IF(JSON_TYPE(JSON_EXTRACT(@extra, '$.\"d\"')) = 'ARRAY', "
            "JSON_EXTRACT(@extra, '$.\"d\"[0]'), NULL)), 'null') IS NULL"
        ),
    ),
    "path with a quote": Case(
        lambda: P.extra["it's"].is_not_null(),
        [],
        sqlite="json_extract(@extra, '$.\"it''s\"') IS NOT NULL",
        postgresql="(@extra -> 'it''s' #>> '{}') IS NOT NULL",
        mariadb="NULLIF(CONCAT(JSON_EXTRACT(@extra, '$.\"it''s\"')), 'null') IS NOT NULL",
    ),
    "path of a float": Case(
        lambda: P.home.size > 1.0,
        [4],
        sqlite=(
            "(json_type(@home, '$.\"size\"') IN ('integer', 'real') AND "
            "ommi_real(@home -> '$.\"size\"') > ?)"
        ),
        postgresql=(
            "(jsonb_typeof(@home -> 'size') = 'number' AND (CASE WHEN jsonb_typeof(@home "
            "-> 'size') = 'number' THEN (@home -> 'size')::numeric END) > $1)"
        ),
        mariadb=(
            "(JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', 'DOUBLE') AND CASE "
            "WHEN JSON_TYPE(JSON_EXTRACT(@home, '$.\"size\"')) IN ('INTEGER', 'DOUBLE') THEN "
            "CAST(JSON_EXTRACT(@home, '$.\"size\"') AS DOUBLE) END > ?)"
        ),
    ),
}
